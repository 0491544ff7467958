//! A thousand small experiments on LLMs whose true values are known: do the
//! intervals, the tests and the rank intervals hold what they promise?
//!
//! What comes out stands in the crate's README, and is compared with it.

#![expect(clippy::unwrap_used, reason = "an experiment that cannot be made is a failed test")]

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use benchmark_domain::chrono::DateTime;
use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    Contender, Direction, Llm, LlmName, Measurement, PooledRuns, Requests, RunId, RunMeasurement,
    Source, Statistic, Summary, rank,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const EXPERIMENTS: usize = 1_000;
const SEED: u64 = 4;

/// How long the LLMs of an experiment take, as multiples of one scale.
const FIELD: [f64; 6] = [1.0, 1.0, 1.1, 1.25, 1.25, 2.0];
/// Where two equal ones begin.
const EQUALS: [usize; 2] = [0, 3];

/// The standard deviation of the logarithm of a request's latency.
const WITHIN_RUN: f64 = 0.35;

const STATISTICS: [Statistic; 3] = [Statistic::Mean, Statistic::P50, Statistic::P95];

/// How every LLM of an experiment is measured.
#[derive(Debug, Clone, Copy)]
struct Design {
    runs: usize,
    samples: usize,
    /// The standard deviation of the logarithm of a run's median: what one run
    /// cannot show of itself.
    between_runs: f64,
}

const DESIGNS: [Design; 5] = [
    Design { runs: 1, samples: 150, between_runs: 0.0 },
    Design { runs: 2, samples: 75, between_runs: 0.0 },
    Design { runs: 3, samples: 100, between_runs: 0.1 },
    Design { runs: 5, samples: 60, between_runs: 0.1 },
    Design { runs: 10, samples: 130, between_runs: 0.3 },
];

impl Design {
    /// The mean that a statistic has over all possible runs.
    fn truth(&self, median: f64, statistic: Statistic) -> f64 {
        let of_one_run = match statistic {
            Statistic::Mean => (WITHIN_RUN * WITHIN_RUN / 2.0).exp(),
            Statistic::P50 => 1.0,
            Statistic::P95 => (1.644_853_626_951_472_2 * WITHIN_RUN).exp(),
            other => unreachable!("{other} is not among the statistics"),
        };
        median * (self.between_runs * self.between_runs / 2.0).exp() * of_one_run
    }

    fn measure(&self, lab: &mut Lab, at: usize, median: f64) -> Contender {
        let mut runs = PooledRuns::default();
        for _ in 0..self.runs {
            let median = lab.log_normal(median, self.between_runs);
            let mut summary = Summary::default();
            for _ in 0..self.samples {
                summary.add(lab.log_normal(median, WITHIN_RUN)).unwrap();
            }
            runs.extend([RunMeasurement {
                run: RunId(Uuid::nil()),
                started_at: DateTime::UNIX_EPOCH,
                source: Source::Push,
                requests: Requests::all_successful(self.samples as u64),
                is_error_rate: false,
                measurement: Measurement::sampled(summary).unwrap(),
            }]);
        }
        let llm = Llm { name: LlmName::parse(&at.to_string()).unwrap(), provider: None };
        Contender { llm, requests: runs.requests(), runs }
    }
}

impl fmt::Display for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, samples, between_runs } = self;
        let apart = match between_runs {
            0.0 => String::new(),
            _ => format!(", {:.0} % apart", 100.0 * between_runs),
        };
        write!(f, "{runs} of {samples} samples{apart}")
    }
}

/// Where the numbers of one experiment come from.
struct Lab(ChaCha8Rng);

impl Lab {
    fn of(experiment: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        rng.set_stream(experiment as u64);
        Self(rng)
    }

    /// Uniform in 0 <= x < 1.
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// By Box and Muller's method (Annals of Mathematical Statistics, 1958).
    fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        let (radius, angle) = (1.0 - self.uniform(), std::f64::consts::TAU * self.uniform());
        median * (spread * (-2.0 * radius.ln()).sqrt() * angle.cos()).exp()
    }
}

/// How often it went how, by one statistic in one design.
struct Outcome {
    design: Design,
    statistic: Statistic,
    /// Intervals that covered the true value.
    covered: usize,
    /// Equal LLMs that were told apart in a ranking of the two alone.
    told_apart: usize,
    /// Rankings of all in which every rank interval contained the true rank.
    ranks_right: usize,
}

impl Outcome {
    fn covered(&self) -> f64 {
        percent(self.covered, EXPERIMENTS * FIELD.len())
    }

    fn told_apart(&self) -> f64 {
        percent(self.told_apart, EXPERIMENTS * EQUALS.len())
    }

    fn ranks_right(&self) -> f64 {
        percent(self.ranks_right, EXPERIMENTS)
    }
}

fn percent(times: usize, of: usize) -> f64 {
    100.0 * times as f64 / of as f64
}

impl fmt::Display for Outcome {
    /// Its line in the README.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { design, statistic, .. } = self;
        let figures = [self.covered(), self.told_apart(), self.ranks_right()];
        let [covered, told_apart, ranks_right] = figures.map(|share| format!("{share:.1} %"));
        write!(f, "| {design} | {statistic} | {covered} | {told_apart} | {ranks_right} |")
    }
}

fn outcomes(design: Design) -> [Outcome; STATISTICS.len()] {
    let mut outcomes = STATISTICS.map(|statistic| Outcome {
        design,
        statistic,
        covered: 0,
        told_apart: 0,
        ranks_right: 0,
    });
    for experiment in 0..EXPERIMENTS {
        let mut lab = Lab::of(experiment);
        // Another one each time, so that no place on the sketch's grid is
        // favoured.
        let scale = 0.25 * 4_f64.powf(lab.uniform());
        let medians = FIELD.map(|multiple| scale * multiple);
        let measured: Vec<_> = medians
            .iter()
            .enumerate()
            .map(|(at, median)| design.measure(&mut lab, at, *median))
            .collect();
        for outcome in &mut outcomes {
            let by = outcome.statistic;
            for (contender, median) in measured.iter().zip(medians) {
                let interval = contender.estimate(by).unwrap().interval.unwrap();
                let truth = design.truth(median, by);
                outcome.covered += usize::from(interval.low <= truth && truth <= interval.high);
            }
            for first in EQUALS {
                let told_apart = ranks(&measured[first..=first + 1], by)
                    .iter()
                    .any(|(_, ranks)| *ranks.end() < 2);
                outcome.told_apart += usize::from(told_apart);
            }
            let holds = |(at, ranks): &(usize, RangeInclusive<usize>)| {
                let faster = FIELD.iter().filter(|multiple| **multiple < FIELD[*at]).count();
                ranks.contains(&(1 + faster))
            };
            outcome.ranks_right += usize::from(ranks(&measured, by).iter().all(holds));
        }
    }
    outcomes
}

/// Which ranks each LLM may have.
fn ranks(contenders: &[Contender], by: Statistic) -> Vec<(usize, RangeInclusive<usize>)> {
    let ranked = rank(Direction::LowerIsBetter, by, contenders.iter().cloned());
    assert_eq!(ranked.len(), contenders.len());
    ranked
        .iter()
        .map(|entry| {
            let interval = entry.rank_interval;
            (entry.llm.name.as_str().parse().unwrap(), interval.low..=interval.high)
        })
        .collect()
}

static OUTCOMES: LazyLock<Vec<Outcome>> =
    LazyLock::new(|| DESIGNS.into_iter().flat_map(outcomes).collect());

#[test]
fn intervals_cover_the_truth_93_to_97_times_in_100() {
    for outcome in OUTCOMES.iter() {
        assert!((93.0..=97.0).contains(&outcome.covered()), "{outcome}");
    }
}

#[test]
fn equal_llms_are_told_apart_at_most_5_times_in_100() {
    for outcome in OUTCOMES.iter() {
        assert!(outcome.told_apart() <= 5.0, "{outcome}");
    }
}

#[test]
fn every_rank_interval_contains_the_true_rank_in_95_of_100_rankings() {
    for outcome in OUTCOMES.iter() {
        assert!(outcome.ranks_right() >= 95.0, "{outcome}");
    }
}

#[test]
fn the_readme_gives_these_figures() {
    let readme = include_str!("../README.md");
    assert!(readme.contains(&format!("seed {SEED}")), "the seed");
    let missing: Vec<_> = OUTCOMES
        .iter()
        .map(ToString::to_string)
        .filter(|line| !readme.lines().any(|there| there == line))
        .collect();
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
}
