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
    /// they measured: a run whose requests all failed measured nothing else. Of its
    /// latest run alone, see [`Entrants::mention_newest`](crate::Entrants::mention_newest).
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
            is_error_rate: false,
            measurement: Measurement::sampled(summary)?,
        };
        Ok(Self { llm, runs: PooledRuns::from(&run), requests })
    }

    /// Whether an estimate of a statistic is provisional: too few runs tell how
    /// far runs lie apart, or nothing tells how sure it is.
    pub(crate) fn is_provisional(&self, statistic: Statistic, estimate: &Estimate) -> bool {
        self.replications(statistic) < Self::REPLICATED_FROM || estimate.interval.is_none()
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

    /// The percentiles, each where it is known: those of all samples where there
    /// are [enough](Statistic::min_samples); from [three
    /// runs](Self::REPLICATED_FROM) on that tell one, or where a run that does has no
    /// samples, the mean of the runs' own, each counted by how many they are of.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles::each(|statistic| self.quantile(statistic).ok())
    }

    fn quantile(&self, statistic: Statistic) -> Result<f64, MissingPercentile> {
        if !self.runs.is_empty() && self.runs.rate.is_some() {
            return Err(MissingPercentile::OfRate);
        }
        let replicates = self.runs.replicates(statistic);
        let enough = self.sample_count() >= statistic.min_samples();
        if enough && replicates.reported < self.most_reported() {
            return Err(MissingPercentile::NotOfAll);
        }
        // How far the runs' own lie apart tells how sure their mean is, and not how
        // sure a percentile of all samples is: that one follows the highest runs.
        if replicates.reported > 0 || self.replications(statistic) >= Self::REPLICATED_FROM {
            return Ok(replicates.mean);
        }
        let sketch = self.runs.sketch();
        let enough = sketch.count() >= statistic.min_samples();
        let value = statistic.probability().filter(|_| enough);
        value.and_then(|probability| sketch.quantile(probability)).ok_or_else(|| {
            let count = if sketch.count() > 0 { sketch.count() } else { self.sample_count() };
            MissingPercentile::of(statistic, count)
        })
    }

    /// How many runs without samples tell some percentile: one that not all of them
    /// tell would be one of other runs, and might lie below a lower one.
    fn most_reported(&self) -> u64 {
        let percentiles = Statistic::ALL.into_iter().filter(|it| it.probability().is_some());
        percentiles.map(|it| self.runs.replicates(it).reported).max().unwrap_or(0)
    }

    /// Why the runs do not tell a percentile; `None` where they do.
    pub fn missing(&self, statistic: Statistic) -> Option<MissingPercentile> {
        statistic.probability().and_then(|_| self.quantile(statistic).err())
    }

    /// The value of a statistic and how sure it is; `None` where the runs do
    /// not tell the value.
    ///
    /// From [three runs](Self::REPLICATED_FROM) on, the scatter between the
    /// runs says how sure. Below, it is the scatter of the samples, for
    /// quantiles by order statistics; of percentiles that tools reported it is
    /// not known.
    pub fn estimate(&self, statistic: Statistic) -> Option<Estimate> {
        let replicates = self.runs.replicates(statistic);
        let between = match self.replications(statistic) {
            0..Self::REPLICATED_FROM => None,
            _ => replicates.uncertainty(),
        };
        let Some(probability) = statistic.probability() else {
            return Some(self.mean_estimate(self.mean()?, between));
        };
        let value = self.quantile(statistic).ok()?;
        let between = match between {
            None if replicates.reported == 0 => {
                return Estimate::of_quantile(self.runs.sketch(), probability);
            }
            Some(between) if replicates.reported < replicates.count() => {
                Some(between.of_sketched(value))
            }
            between => between,
        };
        Some(Estimate::new(value, between.and_then(|it| it.unless_exact(value))))
    }

    fn mean_estimate(&self, mean: f64, between: Option<Uncertainty>) -> Estimate {
        if let Some(rate) = self.runs.rate {
            return Estimate::of_rate(rate.failed(), rate.attempted(), between);
        }
        // Runs, or samples, that agree to the last digit do not tell how far
        // others would lie apart.
        let within = || self.runs.moments.as_ref().and_then(Uncertainty::of_mean);
        let between = between.and_then(|it| it.unless_exact(mean));
        Estimate::new(mean, between.or_else(|| within()?.unless_exact(mean)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::LlmName;
    use crate::measurement::ReportedSummary;

    const SIZE: u64 = 1_000;

    fn run(measurement: Measurement) -> RunMeasurement {
        RunMeasurement {
            run: RunId(uuid::Uuid::nil()),
            started_at: DateTime::UNIX_EPOCH,
            source: Source::Import,
            requests: Requests::all_successful(SIZE),
            is_error_rate: false,
            measurement,
        }
    }

    /// A run with its samples, close to this value.
    fn sampled(value: f64, count: u64) -> RunMeasurement {
        let samples: Vec<_> = (0..count).map(|at| value + 1e-6 * at as f64).collect();
        run(Measurement::Sampled(Summary::from_samples(&samples).unwrap()))
    }

    /// A run of which a tool reported that every percentile is this value.
    fn reported(value: f64, count: Option<u64>) -> RunMeasurement {
        let quantiles = Quantiles::each(|_| Some(value));
        let figures = ReportedSummary { count, quantiles, ..ReportedSummary::of_mean(value) };
        run(Measurement::Reported(figures))
    }

    /// A run of which a tool reported no more than the mean.
    fn with_mean_alone(mean: f64) -> RunMeasurement {
        let figures = ReportedSummary { count: Some(SIZE), ..ReportedSummary::of_mean(mean) };
        run(Measurement::Reported(figures))
    }

    fn contender(runs: impl IntoIterator<Item = RunMeasurement>) -> Contender {
        let runs: PooledRuns = runs.into_iter().collect();
        let llm = Llm { name: LlmName::parse("a").unwrap(), provider: None };
        Contender { llm, requests: runs.requests(), runs }
    }

    fn is_provisional(contender: &Contender, statistic: Statistic) -> bool {
        contender.is_provisional(statistic, &contender.estimate(statistic).unwrap())
    }

    #[test]
    fn a_percentile_of_mixed_runs_is_that_of_all_with_an_interval_around_it() {
        // One run with samples at 0.2, nine without at 0.3.
        let mixed = contender(
            [sampled(0.2, SIZE)].into_iter().chain((0..9).map(|_| reported(0.3, Some(SIZE)))),
        );
        let estimate = mixed.estimate(Statistic::P50).unwrap();
        assert!((estimate.value - 0.29).abs() < 0.001, "{estimate:?}");
        assert_eq!(mixed.quantiles().p50, Some(estimate.value));
        let interval = estimate.interval.unwrap();
        assert!(interval.low < estimate.value && estimate.value < interval.high, "{interval:?}");
        // Of ten runs of one size, one is 0.1 off: s / sqrt(10) is 0.01.
        assert!((interval.high - interval.low - 2.0 * 2.262 * 0.01).abs() < 0.001, "{interval:?}");
        assert!(!is_provisional(&mixed, Statistic::P50));
    }

    #[test]
    fn percentiles_that_tools_reported_have_the_interval_of_their_scatter() {
        let runs =
            |values: &[f64]| contender(values.iter().map(|value| reported(*value, Some(SIZE))));
        let three = runs(&[1.0, 2.0, 3.0]);
        let estimate = three.estimate(Statistic::P99).unwrap();
        assert_eq!(estimate.value, 2.0);
        // 2 ± t(0.975, 2) * 1 / sqrt(3)
        assert!((estimate.interval.unwrap().high - 4.484_137_7).abs() < 1e-6, "{estimate:?}");
        assert!(!is_provisional(&three, Statistic::P99));
        for untold in [runs(&[1.0, 2.0]), runs(&[1.0, 1.0, 1.0])] {
            assert_eq!(untold.estimate(Statistic::P99).unwrap().interval, None);
            assert!(is_provisional(&untold, Statistic::P99));
        }
    }

    #[test]
    fn a_run_that_does_not_tell_a_percentile_leaves_it_to_the_samples() {
        let alone = contender([sampled(0.2, SIZE)]);
        let beside = contender([sampled(0.2, SIZE), with_mean_alone(0.9)]);
        assert_eq!(beside.estimate(Statistic::P50), alone.estimate(Statistic::P50));
        assert!(beside.estimate(Statistic::P50).unwrap().interval.is_some());
    }

    #[test]
    fn why_a_percentile_is_missing_is_told_by_the_samples_it_would_come_from() {
        let reason = |runs: &[RunMeasurement]| {
            contender(runs.iter().cloned()).missing(Statistic::P99).map(|it| it.to_string())
        };
        let few = [sampled(0.2, 100), with_mean_alone(0.3)];
        assert_eq!(reason(&few).unwrap(), "needs 368 samples, has 100");
        let untold = "was not reported of enough samples, and too few were kept";
        assert_eq!(reason(&[with_mean_alone(0.3)]).unwrap(), untold);
        assert_eq!(reason(&[reported(0.3, Some(100))]).unwrap(), "needs 368 samples, has 100");
        assert_eq!(reason(&[sampled(0.2, 100), reported(0.3, Some(SIZE))]), None);
        assert_eq!(reason(&[reported(0.3, None)]), None);
    }

    #[test]
    fn values_that_do_not_vary_do_not_tell_how_sure_their_mean_is() {
        let same = contender([sampled_alike(0.2)]);
        let other = contender([sampled_alike(0.3), sampled_alike(0.3), sampled_alike(0.3)]);
        for contender in [same, other] {
            let estimate = contender.estimate(Statistic::Mean).unwrap();
            assert_eq!((estimate.interval, estimate.uncertainty), (None, None));
            assert!(is_provisional(&contender, Statistic::Mean));
        }
    }

    fn sampled_alike(value: f64) -> RunMeasurement {
        run(Measurement::Sampled(Summary::from_samples(&[value, value]).unwrap()))
    }

    #[test]
    fn a_rate_without_failures_is_known_by_how_many_requests_there_were() {
        let zeros = run(Measurement::Sampled(Summary::of_rate(0, SIZE)));
        let none_failed = RunMeasurement { is_error_rate: true, ..zeros };
        let interval = contender([none_failed]).estimate(Statistic::Mean).unwrap().interval;
        assert!(interval.is_some_and(|it| it.low == 0.0 && 0.0 < it.high));
    }

    #[test]
    fn a_rate_has_no_percentiles() {
        let some = run(Measurement::Sampled(Summary::of_rate(19, SIZE)));
        let rate = contender([RunMeasurement { is_error_rate: true, ..some }]);
        assert_eq!(rate.quantiles(), Quantiles::default());
        assert_eq!(rate.missing(Statistic::P99), Some(MissingPercentile::OfRate));
        assert_eq!(rate.estimate(Statistic::P99), None);
    }

    #[test]
    fn percentiles_of_some_runs_only_do_not_stand_among_those_of_all() {
        let quantiles = Quantiles { p50: Some(1.0), p99: Some(1.5), ..Quantiles::default() };
        let figures =
            ReportedSummary { count: Some(SIZE), quantiles, ..ReportedSummary::of_mean(1.0) };
        let mixed = contender([sampled(0.3, SIZE), run(Measurement::Reported(figures))]);
        let Quantiles { p50, p90, p95, p99 } = mixed.quantiles();
        assert!(p50.zip(p99).is_some_and(|(p50, p99)| p50 < p99));
        assert_eq!((p90, p95), (None, None));
        assert_eq!(mixed.missing(Statistic::P90), Some(MissingPercentile::NotOfAll));
    }

    #[test]
    fn sums_that_are_rounded_do_not_make_equal_values_vary() {
        for runs in [4, 6, 7, 100] {
            for value in [0.1, 0.7, 1.1] {
                let alike = (0..runs).map(|_| reported(value, Some(100)));
                let alike = contender(alike);
                for statistic in [Statistic::Mean, Statistic::P50] {
                    let estimate = alike.estimate(statistic).unwrap();
                    assert_eq!(estimate.interval, None, "{runs} of {value} by {statistic}");
                }
            }
        }
        let zeros = run(Measurement::Sampled(Summary::from_samples(&[0.0; 10]).unwrap()));
        assert_eq!(contender([zeros]).estimate(Statistic::P50).unwrap().interval, None);
    }

    #[test]
    fn zeros_of_another_metric_are_no_rate() {
        let zeros = run(Measurement::Sampled(Summary::of_rate(0, SIZE)));
        let estimate = contender([zeros]).estimate(Statistic::Mean).unwrap();
        assert_eq!((estimate.value, estimate.interval), (0.0, None));
    }
}
