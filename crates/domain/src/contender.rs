use chrono::{DateTime, Utc};

use crate::estimate::{Estimate, Uncertainty};
use crate::llm::Llm;
use crate::measurement::{Measurement, Quantiles};
use crate::quantile_sketch::QuantileSketch;
use crate::run::{Requests, RunId, Source};
use crate::statistic::Statistic;
use crate::summary::{InvalidSample, Moments, Summary};

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
    /// By which runs, in any order.
    pub runs: Vec<RunMeasurement>,
}

impl Contender {
    /// From this many runs on, the scatter between runs is what tests use.
    pub const REPLICATED_FROM: usize = 3;

    /// An LLM with one run of plain numbers, none of its requests failed.
    ///
    /// # Errors
    /// [`InvalidSample`] if a number cannot be a sample of a metric.
    pub fn from_samples(llm: Llm, samples: &[f64]) -> Result<Self, InvalidSample> {
        let summary = Summary::from_samples(samples)?;
        let run = RunMeasurement {
            run: RunId(uuid::Uuid::nil()),
            started_at: DateTime::UNIX_EPOCH,
            source: Source::Push,
            requests: Requests::all_successful(samples.len() as u64),
            measurement: Measurement::Sampled(summary),
        };
        Ok(Self { llm, runs: vec![run] })
    }

    /// Whether there are too few runs to know how far runs lie apart.
    pub fn is_provisional(&self) -> bool {
        self.runs.len() < Self::REPLICATED_FROM
    }

    /// The requests of all runs together.
    pub fn requests(&self) -> Requests {
        self.runs.iter().fold(Requests::default(), |sum, run| sum.plus(run.requests))
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
        let replicated = !self.is_provisional();
        match statistic.probability() {
            None => {
                let uncertainty = if replicated {
                    Uncertainty::between_runs(&self.weighted(statistic))
                } else {
                    self.moments().and_then(|moments| Uncertainty::of_mean(&moments))
                };
                Some(Estimate::new(self.mean()?, uncertainty))
            }
            Some(probability) => {
                let Some(sketch) = self.sketch() else {
                    let value = self.newest()?.measurement.value(statistic)?;
                    return Some(Estimate::new(value, None));
                };
                if !replicated {
                    return Estimate::of_quantile(&sketch, probability);
                }
                let uncertainty = Uncertainty::between_runs(&self.weighted(statistic));
                Some(Estimate::new(sketch.quantile(probability)?, uncertainty))
            }
        }
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
