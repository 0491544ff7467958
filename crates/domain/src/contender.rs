use chrono::{DateTime, Utc};

use crate::estimate::{Estimate, Uncertainty};
use crate::llm::Llm;
use crate::measurement::{InvalidMeasurement, Measurement, Quantiles};
use crate::quantile_sketch::QuantileSketch;
use crate::run::{Requests, RunId, Source};
use crate::statistic::Statistic;
use crate::summary::{Moments, Summary};

/// What one run says about the metric of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct RunMeasurement {
    /// Which run.
    pub run: RunId,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Where it came from.
    pub source: Source,
    /// How many requests it sent, and how many failed.
    pub requests: Requests,
    /// What it measured.
    pub measurement: Measurement,
}

/// An LLM with its runs inside the window of a ranking, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    /// Who is ranked.
    pub llm: Llm,
    /// By which runs, in any order: those that measured the metric.
    pub runs: Vec<RunMeasurement>,
    /// The requests of all its runs on the workload inside the window, whatever
    /// they measured: a run whose requests all failed measured nothing else.
    pub requests: Requests,
}

impl Contender {
    /// From this many runs on, the scatter between runs is what tests use.
    pub const REPLICATED_FROM: usize = 3;

    /// An LLM with one run of plain numbers, none of its requests failed.
    ///
    /// # Errors
    /// [`InvalidMeasurement`] if there are no numbers, or one cannot be a
    /// sample of a metric.
    pub fn from_samples(llm: Llm, samples: &[f64]) -> Result<Self, InvalidMeasurement> {
        let summary = Summary::from_samples(samples)
            .map_err(|source| InvalidMeasurement::Figure { figure: "a sample", source })?;
        let requests = Requests::all_successful(samples.len() as u64);
        let run = RunMeasurement {
            run: RunId(uuid::Uuid::nil()),
            started_at: DateTime::UNIX_EPOCH,
            source: Source::Push,
            requests,
            measurement: Measurement::sampled(summary)?,
        };
        Ok(Self { llm, runs: vec![run], requests })
    }

    /// Whether too few runs tell a statistic to know how far runs lie apart.
    pub fn is_provisional(&self, statistic: Statistic) -> bool {
        self.weighted(statistic).len() < Self::REPLICATED_FROM
    }

    /// The run that started last.
    pub fn newest(&self) -> Option<&RunMeasurement> {
        self.runs.iter().max_by_key(|run| (run.started_at, run.run))
    }

    /// How many samples are behind the mean, as far as the runs tell.
    pub fn sample_count(&self) -> u64 {
        self.runs.iter().filter_map(|run| run.measurement.count()).fold(0, u64::saturating_add)
    }

    /// The mean over all samples; a run of unknown size weighs as one sample.
    /// `None` without runs.
    pub fn mean(&self) -> Option<f64> {
        let weighted = self.weighted(Statistic::Mean);
        let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        let sum: f64 = weighted.iter().map(|(weight, value)| weight * value).sum();
        match weighted.as_slice() {
            // Not through a product and a quotient that may round.
            [(_, value)] => Some(*value),
            _ => (total > 0.0).then(|| sum / total),
        }
    }

    /// The percentiles of all samples; those of the newest run where no run
    /// has samples.
    pub fn quantiles(&self) -> Quantiles {
        match self.sketch() {
            Some(sketch) => Quantiles::each(|s| sketch.quantile(s.probability()?)),
            None => self.newest().map(|run| run.measurement.quantiles()).unwrap_or_default(),
        }
    }

    /// The value of a statistic and how sure it is; `None` where no run tells
    /// the value.
    ///
    /// From [three runs](Self::REPLICATED_FROM) on, the scatter between the
    /// runs says how sure. Below, it is the scatter of the samples, for
    /// quantiles by order statistics.
    pub fn estimate(&self, statistic: Statistic) -> Option<Estimate> {
        let runs = self.weighted(statistic);
        let replicated = runs.len() >= Self::REPLICATED_FROM;
        let between = replicated.then(|| Uncertainty::between_runs(&runs)).flatten();
        match statistic.probability() {
            None => {
                let mean = self.mean()?;
                if let Some((yes, of)) = self.rate() {
                    return Some(Estimate::of_rate(yes, of, between));
                }
                let within = || self.moments().and_then(|moments| Uncertainty::of_mean(&moments));
                // Runs that agree to the last digit do not tell how far others
                // would lie apart.
                let between = between.filter(|between| between.standard_error > 0.0);
                Some(Estimate::new(mean, between.or_else(within)))
            }
            Some(probability) => {
                let Some(sketch) = self.sketch() else {
                    let value = self.newest()?.measurement.value(statistic)?;
                    return Some(Estimate::new(value, None));
                };
                match between {
                    None => Estimate::of_quantile(&sketch, probability),
                    Some(between) => {
                        let value = sketch.quantile(probability)?;
                        Some(Estimate::new(value, Some(between.of_sketched(value))))
                    }
                }
            }
        }
    }

    /// How many of how many requests failed, where that is what every run
    /// measured: one for each that failed, zero for the others.
    fn rate(&self) -> Option<(u64, u64)> {
        self.runs.iter().try_fold((0, 0), |(failed, attempted), run| {
            let Measurement::Sampled(summary) = &run.measurement else { return None };
            let rate = (run.requests.failed(), run.requests.attempted());
            let is_theirs = summary.as_rate() == Some(rate);
            is_theirs.then(|| (failed + rate.0, attempted + rate.1))
        })
    }

    /// Each run's value of a statistic with the number of samples behind it.
    fn weighted(&self, statistic: Statistic) -> Vec<(f64, f64)> {
        let value = |run: &RunMeasurement| {
            let weight = run.measurement.count().unwrap_or(1) as f64;
            Some((weight, run.measurement.value(statistic)?))
        };
        self.runs.iter().filter_map(value).collect()
    }

    fn moments(&self) -> Option<Moments> {
        self.runs.iter().try_fold(Moments::default(), |mut sum, run| {
            sum.merge(&run.measurement.moments()?);
            Some(sum)
        })
    }

    fn sketch(&self) -> Option<QuantileSketch> {
        let mut sketches = self.runs.iter().filter_map(|run| match &run.measurement {
            Measurement::Sampled(summary) => Some(summary.sketch()),
            Measurement::Reported(_) => None,
        });
        let mut merged = sketches.next()?.clone();
        sketches.for_each(|sketch| merged.merge(sketch));
        Some(merged)
    }
}
