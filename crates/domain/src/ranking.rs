use chrono::{DateTime, Utc};

use crate::contender::Contender;
use crate::estimate::{ConfidenceInterval, Estimate};
use crate::llm::Llm;
use crate::measurement::{MissingPercentile, Quantiles};
use crate::metric::{Direction, MetricName, metrics};
use crate::run::{Requests, Source};
use crate::significance::{Standing, standings};
use crate::statistic::Statistic;

/// The ranks that an LLM may truly have: 1 + the number of LLMs that are
/// significantly better, to N - the number that are significantly worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankInterval {
    /// The best rank it may have.
    pub low: usize,
    /// The worst rank it may have.
    pub high: usize,
}

/// Where an LLM stands before its values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// At least half of its requests succeeded.
    Reliable,
    /// More than half of its requests failed: ranked after all others, since
    /// the few successes say little about what a user would get.
    MostlyFailed,
}

impl Tier {
    /// The tier of an LLM whose requests went so.
    pub fn of(requests: Requests) -> Self {
        if requests.failed() > requests.succeeded() { Self::MostlyFailed } else { Self::Reliable }
    }
}

/// One LLM in a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedLlm {
    /// Who.
    pub llm: Llm,
    /// Its rank by value within its tier, after all LLMs of better tiers;
    /// equal values share one (1, 1, 3).
    pub rank: usize,
    /// How sure that rank is.
    pub rank_interval: RankInterval,
    /// Its tier.
    pub tier: Tier,
    /// The value it is ranked by, in the metric's unit.
    pub value: f64,
    /// The 95 % confidence interval of the value, where enough is known.
    pub interval: Option<ConfidenceInterval>,
    /// Whether fewer than three runs tell it, so that how far runs lie apart is
    /// not known, or nothing tells how sure it is.
    pub provisional: bool,
    /// The mean, whatever it is ranked by.
    pub mean: f64,
    /// The percentiles, where known.
    pub quantiles: Quantiles,
    /// How many samples are behind it, as far as its runs tell.
    pub sample_count: u64,
    /// How many runs are behind it.
    pub run_count: usize,
    /// The requests of all its runs on the workload in the window, of those too
    /// that failed so entirely that they measured nothing.
    pub requests: Requests,
    /// Where its newest run came from.
    pub source: Source,
    /// When its newest run started.
    pub measured_at: DateTime<Utc>,
}

impl RankedLlm {
    /// Why a percentile is not among its [`quantiles`](Self::quantiles); `None`
    /// where it is.
    pub fn missing(&self, metric: &MetricName, statistic: Statistic) -> Option<MissingPercentile> {
        let is_missing =
            statistic.probability().is_some() && self.quantiles.get(statistic).is_none();
        is_missing.then(|| match *metric == metrics::ERROR_RATE {
            true => MissingPercentile::OfRate,
            false => MissingPercentile::of(statistic, self.sample_count),
        })
    }
}

/// Ranks contenders by a statistic of one metric on one workload.
///
/// The order is by tier, then by value in the metric's direction, and within a
/// tie by name. Tests and rank intervals are computed within a tier; those of
/// the second are offset by the size of the first. A contender whose runs do
/// not tell the statistic is left out. The order of the input plays no part.
///
/// See the crate's documentation for an example.
pub fn rank(
    direction: Direction,
    statistic: Statistic,
    contenders: impl IntoIterator<Item = Contender>,
) -> Vec<RankedLlm> {
    let mut measured: Vec<_> = contenders
        .into_iter()
        .filter_map(|contender| Measured::new(contender, statistic))
        .collect();
    measured.sort_by(|a, b| {
        a.tier
            .cmp(&b.tier)
            .then_with(|| direction.compare(a.estimate.value, b.estimate.value))
            .then_with(|| a.contender.llm.cmp(&b.contender.llm))
    });
    let mut ranked = Vec::with_capacity(measured.len());
    for tier in measured.chunk_by(|a, b| a.tier == b.tier) {
        let offset = ranked.len();
        let estimates: Vec<_> = tier.iter().map(|m| m.estimate).collect();
        let standings = standings(&estimates, direction);
        let mut rank = offset;
        for (at, (measured, standing)) in tier.iter().zip(standings).enumerate() {
            if at == 0 || estimates[at - 1].value != measured.estimate.value {
                rank = offset + at + 1;
            }
            ranked.extend(measured.ranked(rank, interval(standing, offset, tier.len())));
        }
    }
    ranked
}

fn interval(standing: Standing, offset: usize, size: usize) -> RankInterval {
    RankInterval { low: offset + 1 + standing.better, high: offset + size - standing.worse }
}

struct Measured {
    contender: Contender,
    provisional: bool,
    tier: Tier,
    estimate: Estimate,
}

impl Measured {
    fn new(contender: Contender, statistic: Statistic) -> Option<Self> {
        let estimate = contender.estimate(statistic)?;
        let provisional = contender.is_provisional(statistic, &estimate);
        Some(Self { tier: Tier::of(contender.requests), provisional, estimate, contender })
    }

    fn ranked(&self, rank: usize, rank_interval: RankInterval) -> Option<RankedLlm> {
        let Self { contender, provisional, tier, estimate } = self;
        let newest = contender.newest()?;
        Some(RankedLlm {
            llm: contender.llm.clone(),
            rank,
            rank_interval,
            tier: *tier,
            value: estimate.value,
            interval: estimate.interval,
            provisional: *provisional,
            mean: contender.mean()?,
            quantiles: contender.quantiles(),
            sample_count: contender.sample_count(),
            run_count: contender.runs.len(),
            requests: contender.requests,
            source: newest.source,
            measured_at: newest.started_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::LlmName;
    use crate::measurement::{Measurement, ReportedSummary};
    use crate::pooled_runs::{PooledRuns, RunMeasurement};
    use crate::run::RunId;
    use proptest::prelude::*;

    fn contender(name: &str, samples: &[f64]) -> Contender {
        let llm = Llm { name: LlmName::parse(name).unwrap(), provider: None };
        Contender::from_samples(llm, samples).unwrap()
    }

    /// A run of which a tool reported no more than the mean.
    fn reported(mean: f64) -> PooledRuns {
        PooledRuns::from(&RunMeasurement {
            run: RunId(uuid::Uuid::nil()),
            started_at: DateTime::UNIX_EPOCH,
            source: Source::Import,
            requests: Requests::all_successful(1),
            is_error_rate: false,
            measurement: Measurement::Reported(ReportedSummary::of_mean(mean)),
        })
    }

    fn failing(mut contender: Contender, attempted: u64, failed: u64) -> Contender {
        contender.requests = Requests::new(attempted, failed).unwrap();
        contender
    }

    fn by_mean(contenders: Vec<Contender>) -> Vec<RankedLlm> {
        rank(Direction::LowerIsBetter, Statistic::Mean, contenders)
    }

    fn ranks(ranked: &[RankedLlm]) -> Vec<(&str, usize)> {
        ranked.iter().map(|r| (r.llm.name.as_str(), r.rank)).collect()
    }

    #[test]
    fn equal_values_share_a_rank_and_stand_by_name() {
        let ranked = by_mean(vec![
            contender("c", &[2.0, 2.0]),
            contender("b", &[1.0, 1.0]),
            contender("a", &[1.0, 1.0]),
        ]);
        assert_eq!(ranks(&ranked), [("a", 1), ("b", 1), ("c", 3)]);
    }

    #[test]
    fn more_is_better_where_the_metric_says_so() {
        let contenders = [contender("slow", &[10.0]), contender("fast", &[90.0])];
        let ranked = rank(Direction::HigherIsBetter, Statistic::Mean, contenders);
        assert_eq!(ranks(&ranked), [("fast", 1), ("slow", 2)]);
    }

    #[test]
    fn what_fails_more_than_half_of_its_requests_stands_after_the_rest() {
        let ranked = by_mean(vec![
            failing(contender("broken", &[0.1, 0.2, 0.1, 0.2]), 9, 5),
            failing(contender("half", &[5.0, 6.0]), 4, 2),
            contender("fine", &[1.0, 1.1, 0.9, 1.0]),
        ]);
        assert_eq!(ranks(&ranked), [("fine", 1), ("half", 2), ("broken", 3)]);
        assert_eq!(ranked[2].tier, Tier::MostlyFailed);
        assert_eq!(ranked[2].rank_interval, RankInterval { low: 3, high: 3 });
    }

    #[test]
    fn one_sample_has_no_interval_and_any_rank() {
        let ranked = by_mean(vec![
            contender("once", &[1.0]),
            contender("a", &[2.0, 2.1, 1.9]),
            contender("b", &[9.0, 9.1, 8.9]),
        ]);
        assert_eq!(ranked[0].interval, None);
        assert_eq!(ranked[0].rank_interval, RankInterval { low: 1, high: 3 });
        assert_eq!(ranked[2].rank_interval, RankInterval { low: 2, high: 3 });
    }

    #[test]
    fn three_runs_are_compared_by_how_far_runs_lie_apart() {
        let runs = |name: &str, means: [f64; 3]| {
            let mut all = contender(name, &[means[0] - 0.01, means[0] + 0.01]);
            for mean in &means[1..] {
                let more = contender(name, &[mean - 0.01, mean + 0.01]);
                all.runs.merge(&more.runs);
            }
            all
        };
        // Each run is precise, but the runs of `a` and `b` overlap.
        let ranked = by_mean(vec![runs("a", [1.0, 2.0, 3.0]), runs("b", [1.5, 2.5, 3.5])]);
        assert!(!ranked[0].provisional);
        assert_eq!(ranked[0].rank_interval, RankInterval { low: 1, high: 2 });
        let interval = ranked[0].interval.unwrap();
        // 2 ± t(0.975, 2) * 1 / sqrt(3)
        assert!((interval.high - 4.484_137_7).abs() < 1e-6, "{interval:?}");
    }

    #[test]
    fn too_few_samples_for_a_percentile_are_left_out() {
        let samples: Vec<_> = (1..=30).map(f64::from).collect();
        let by =
            |statistic| rank(Direction::LowerIsBetter, statistic, [contender("a", &samples)]).pop();
        assert_eq!(by(Statistic::P90), None);
        let by_mean = by(Statistic::Mean).unwrap();
        assert_eq!(by_mean.quantiles.p90, None);
        let reason = by_mean.missing(&metrics::TTFT, Statistic::P90).unwrap().to_string();
        assert_eq!(reason, "needs 36 samples, has 30");
        assert_eq!(by_mean.missing(&metrics::TTFT, Statistic::P50), None);
        // Between the 10th and the 11th, and the 20th and the 21st of 30, as
        // tables of the binomial give it; moved outwards by what the sketch may
        // be off.
        let interval = by(Statistic::P50).unwrap().interval.unwrap();
        assert!((9.9..=11.0).contains(&interval.low), "{interval:?}");
        assert!((20.0..=21.1).contains(&interval.high), "{interval:?}");
    }

    #[test]
    fn medians_closer_than_the_sketch_can_tell_are_not_told_apart() {
        let samples = |around: f64| vec![around; 200];
        let contenders = [contender("a", &samples(0.5061)), contender("b", &samples(0.5071))];
        for ranked in rank(Direction::LowerIsBetter, Statistic::P50, contenders) {
            assert_eq!(ranked.rank_interval, RankInterval { low: 1, high: 2 });
            let interval = ranked.interval.unwrap();
            assert!(interval.low <= 0.5061 && 0.5071 <= interval.high, "{interval:?}");
        }
    }

    #[test]
    fn a_run_that_does_not_tell_the_statistic_replicates_nothing() {
        let mut mixed = contender("a", &[1.0, 2.0, 1.1, 1.9, 1.2, 1.8]);
        [1.5, 1.6].into_iter().for_each(|mean| mixed.runs.merge(&reported(mean)));
        let by = |statistic| rank(Direction::LowerIsBetter, statistic, [mixed.clone()]).remove(0);
        assert!(by(Statistic::P50).provisional);
        assert!(!by(Statistic::Mean).provisional);
    }

    #[test]
    fn nobody_to_rank_is_an_empty_ranking() {
        assert_eq!(by_mean(vec![]), []);
    }

    /// Its samples, and whether they are known or only their mean.
    type AnyRun = (Vec<f64>, bool);

    /// Runs of unequal size, some of which tell no more than a mean.
    fn field() -> impl Strategy<Value = Vec<Contender>> {
        let run = (prop::collection::vec(0.001_f64..10.0, 1..12), any::<bool>());
        let one = (prop::collection::vec(run, 1..5), 0_u64..20);
        prop::collection::vec(one, 1..12).prop_map(|field| {
            let named = |(i, (runs, failed)): (usize, (Vec<AnyRun>, u64))| {
                let mut contenders = runs.into_iter().map(|(samples, sampled)| {
                    let mut contender = contender(&format!("llm-{i}"), &samples);
                    if !sampled {
                        let mean = contender.mean().unwrap();
                        contender.runs = reported(mean);
                    }
                    contender
                });
                let mut all = contenders.next().unwrap();
                contenders.for_each(|more| all.runs.merge(&more.runs));
                failing(all, failed + 10, failed)
            };
            field.into_iter().enumerate().map(named).collect()
        })
    }

    fn one_run_each() -> impl Strategy<Value = Vec<Contender>> {
        let samples = prop::collection::vec(0.001_f64..10.0, 1..8);
        prop::collection::vec(samples, 1..12).prop_map(|field| {
            let named = |(i, samples): (usize, Vec<f64>)| contender(&format!("llm-{i}"), &samples);
            field.into_iter().enumerate().map(named).collect()
        })
    }

    fn any_statistic() -> impl Strategy<Value = Statistic> {
        prop::sample::select(Statistic::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn a_ranking_is_a_permutation_without_nan(field in field(), statistic in any_statistic()) {
            let ranked = rank(Direction::LowerIsBetter, statistic, field.clone());
            let tells = |c: &Contender| c.estimate(statistic).is_some();
            let mut before: Vec<_> = field.into_iter().filter(tells).map(|c| c.llm).collect();
            let mut after: Vec<_> = ranked.iter().map(|r| r.llm.clone()).collect();
            before.sort();
            after.sort();
            prop_assert_eq!(before, after);
            prop_assert!(ranked.iter().all(|r| r.value.is_finite() && r.mean.is_finite()));
        }

        #[test]
        fn the_order_of_the_input_plays_no_part(field in field(), turn in 0_usize..12) {
            let mut turned = field.clone();
            turned.rotate_left(turn % field.len());
            prop_assert_eq!(by_mean(field), by_mean(turned));
        }

        #[test]
        fn a_rank_lies_in_its_interval(field in field(), statistic in any_statistic()) {
            for r in rank(Direction::HigherIsBetter, statistic, field) {
                prop_assert!(r.rank_interval.low <= r.rank, "{r:?}");
                prop_assert!(r.rank <= r.rank_interval.high, "{r:?}");
            }
        }

        #[test]
        fn scaling_all_values_keeps_the_ranks(field in one_run_each(), power in -8_i32..8) {
            // A power of two scales without rounding, so that ties stay ties.
            let scaled = field.iter().map(|c| {
                let sketch = c.runs.sketch();
                let samples: Vec<_> =
                    (0..sketch.count()).filter_map(|i| sketch.order_statistic(i)).collect();
                (c.clone(), samples)
            });
            let (mut plain, mut doubled) = (vec![], vec![]);
            for (c, samples) in scaled {
                let factor = 2_f64.powi(power);
                let larger: Vec<_> = samples.iter().map(|s| s * factor).collect();
                for (list, samples) in [(&mut plain, samples), (&mut doubled, larger)] {
                    let again = Contender::from_samples(c.llm.clone(), &samples).unwrap();
                    let requests = c.requests;
                    list.push(failing(again, requests.attempted(), requests.failed()));
                }
            }
            let (plain, doubled) = (by_mean(plain), by_mean(doubled));
            prop_assert_eq!(ranks(&plain), ranks(&doubled));
            let intervals = |r: &[RankedLlm]| r.iter().map(|r| r.rank_interval).collect::<Vec<_>>();
            prop_assert_eq!(intervals(&plain), intervals(&doubled));
        }
    }
}
