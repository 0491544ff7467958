use chrono::DateTime;

use crate::estimate::{Estimate, Uncertainty};
use crate::llm::Llm;
use crate::measurement::{InvalidMeasurement, Measurement, MissingPercentile, Quantiles};
use crate::pooled_runs::{PooledRun, PooledRuns, RunMeasurement};
use crate::run::{Requests, RunId, Source};
use crate::statistic::Statistic;
use crate::summary::Summary;

/// An LLM with its runs inside the window of a ranking, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    /// Who is ranked.
    pub llm: Llm,
    /// By which runs: those that measured the metric.
    pub runs: PooledRuns,
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
        Ok(Self { llm, runs: PooledRuns::from(&run), requests })
    }

    /// Whether too few runs tell a statistic to know how far runs lie apart.
    pub fn is_provisional(&self, statistic: Statistic) -> bool {
        self.replications(statistic) < Self::REPLICATED_FROM
    }

    /// How many runs tell a statistic.
    pub(crate) fn replications(&self, statistic: Statistic) -> usize {
        usize::try_from(self.runs.replicates(statistic).count()).unwrap_or(usize::MAX)
    }

    /// The run that started last.
    pub fn newest(&self) -> Option<PooledRun> {
        self.runs.newest()
    }

    /// How many samples are behind the mean, as far as the runs tell.
    pub fn sample_count(&self) -> u64 {
        self.runs.sample_count()
    }

    /// The mean over all samples; a run of unknown size weighs as one sample.
    /// `None` without runs.
    pub fn mean(&self) -> Option<f64> {
        (!self.runs.is_empty()).then(|| self.runs.replicates(Statistic::Mean).mean)
    }

    /// The percentiles of all samples, those of the newest run where no run has
    /// samples; each where there are [enough](Statistic::min_samples).
    pub fn quantiles(&self) -> Quantiles {
        Quantiles::each(|statistic| self.quantile(statistic))
    }

    fn quantile(&self, statistic: Statistic) -> Option<f64> {
        let sketch = self.runs.sketch();
        if sketch.count() > 0 {
            let enough = sketch.count() >= statistic.min_samples();
            return enough.then(|| sketch.quantile(statistic.probability()?)).flatten();
        }
        let (reported, count) = self.newest()?.reported;
        let enough = count.is_none_or(|count| count >= statistic.min_samples());
        enough.then(|| reported.get(statistic)).flatten()
    }

    /// Why the runs do not tell a percentile; `None` where they do.
    pub fn missing(&self, statistic: Statistic) -> Option<MissingPercentile> {
        let is_missing = statistic.probability().is_some() && self.quantile(statistic).is_none();
        is_missing.then(|| MissingPercentile::of(statistic, self.sample_count()))
    }

    /// The value of a statistic and how sure it is; `None` where the runs do
    /// not tell the value.
    ///
    /// From [three runs](Self::REPLICATED_FROM) on, the scatter between the
    /// runs says how sure. Below, it is the scatter of the samples, for
    /// quantiles by order statistics.
    pub fn estimate(&self, statistic: Statistic) -> Option<Estimate> {
        let between = match self.is_provisional(statistic) {
            true => None,
            false => self.runs.replicates(statistic).uncertainty(),
        };
        let Some(probability) = statistic.probability() else {
            return Some(self.mean_estimate(self.mean()?, between));
        };
        let value = self.quantile(statistic)?;
        let sketch = self.runs.sketch();
        match between {
            _ if sketch.count() == 0 => Some(Estimate::new(value, None)),
            None => Estimate::of_quantile(sketch, probability),
            Some(between) => Some(Estimate::new(value, Some(between.of_sketched(value)))),
        }
    }

    fn mean_estimate(&self, mean: f64, between: Option<Uncertainty>) -> Estimate {
        if let Some(rate) = self.runs.rate {
            return Estimate::of_rate(rate.failed(), rate.attempted(), between);
        }
        let within = || self.runs.moments.as_ref().and_then(Uncertainty::of_mean);
        // Runs that agree to the last digit do not tell how far others would
        // lie apart.
        let between = between.filter(|between| between.standard_error > 0.0);
        Estimate::new(mean, between.or_else(within))
    }
}
