use chrono::{DateTime, Utc};

use crate::measurement::Measurement;
use crate::metric::{MetricName, metrics};
use crate::quantile_sketch::QuantileSketch;
use crate::replicates::Replicates;
use crate::run::{Requests, Run, RunId, Source};
use crate::statistic::Statistic;
use crate::summary::Moments;

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
    /// Whether the metric is the rate of errors, which follows from the requests.
    pub is_error_rate: bool,
    /// What it measured.
    pub measurement: Measurement,
}

impl RunMeasurement {
    /// What a run says about a metric; `None` if it says nothing.
    pub fn of(run: &Run, metric: &MetricName) -> Option<Self> {
        Some(Self {
            run: run.id(),
            started_at: run.started_at,
            source: run.source,
            requests: run.requests,
            is_error_rate: *metric == metrics::ERROR_RATE,
            measurement: run.measurements().get(metric)?.clone(),
        })
    }
}

/// What any number of runs of one LLM say together about a metric, in a size
/// that depends neither on how many they are nor on how many samples they had.
///
/// Pools merge: together with the empty one they are a commutative monoid, up
/// to rounding. That is what lets a store keep the runs of a day as one pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledRuns {
    pub(crate) count: u64,
    pub(crate) newest: Option<PooledRun>,
    pub(crate) requests: Requests,
    pub(crate) sample_count: u64,
    /// The samples of the runs that have some.
    pub(crate) sketch: QuantileSketch,
    /// Of all samples, unless a run does not tell its own.
    pub(crate) moments: Option<Moments>,
    /// How many of how many requests failed, where that is what every run
    /// measured.
    pub(crate) rate: Option<Requests>,
    /// Of each statistic, in the order of [`Statistic::ALL`].
    pub(crate) replicates: [Replicates; Statistic::ALL.len()],
}

/// What is known of one run of a pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledRun {
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Which run.
    pub run: RunId,
    /// Where it came from.
    pub source: Source,
}

impl Default for PooledRuns {
    fn default() -> Self {
        Self {
            count: 0,
            newest: None,
            requests: Requests::default(),
            sample_count: 0,
            sketch: QuantileSketch::default(),
            moments: Some(Moments::default()),
            rate: Some(Requests::default()),
            replicates: Default::default(),
        }
    }
}

impl From<&RunMeasurement> for PooledRuns {
    fn from(measured: &RunMeasurement) -> Self {
        let RunMeasurement { run, started_at, source, requests, is_error_rate, measurement } =
            measured;
        let (sketch, reported) = match measurement {
            Measurement::Sampled(summary) => (summary.sketch().clone(), 0),
            Measurement::Reported(_) => (QuantileSketch::default(), 1),
        };
        let weight = measurement.count().unwrap_or(1) as f64;
        let replicates = Statistic::ALL.map(|statistic| match measurement.replicate(statistic) {
            Some(value) => Replicates { reported, ..Replicates::of(value, weight) },
            None => Replicates::default(),
        });
        Self {
            count: 1,
            newest: Some(PooledRun { started_at: *started_at, run: *run, source: *source }),
            requests: *requests,
            sample_count: measurement.count().unwrap_or(0),
            sketch,
            moments: measurement.moments(),
            rate: is_error_rate.then_some(*requests),
            replicates,
        }
    }
}

impl PooledRuns {
    /// Takes in every run that `other` has taken in; no run may be in both.
    pub fn merge(&mut self, other: &Self) {
        let Self { count, newest, requests, sample_count, sketch, moments, rate, replicates } =
            other;
        self.count = self.count.saturating_add(*count);
        self.newest = [self.newest, *newest].into_iter().flatten().max_by_key(PooledRun::age);
        self.requests = self.requests.plus(*requests);
        self.sample_count = self.sample_count.saturating_add(*sample_count);
        self.sketch.merge(sketch);
        self.moments = self.moments.take().zip(moments.as_ref()).map(|(mut ours, theirs)| {
            ours.merge(theirs);
            ours
        });
        self.rate = self.rate.zip(*rate).map(|(ours, theirs)| ours.plus(theirs));
        for (ours, theirs) in self.replicates.iter_mut().zip(replicates) {
            ours.merge(theirs);
        }
    }

    /// How many runs were taken in.
    pub fn len(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// Whether no run was.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The run that started last, of two that started together the one of the
    /// greater id.
    pub fn newest(&self) -> Option<PooledRun> {
        self.newest
    }

    /// The requests of all runs.
    pub fn requests(&self) -> Requests {
        self.requests
    }

    /// How many samples are behind the mean, as far as the runs tell.
    pub fn sample_count(&self) -> u64 {
        self.sample_count
    }

    /// The samples of all runs that have some.
    pub fn sketch(&self) -> &QuantileSketch {
        &self.sketch
    }

    /// The runs' own values of a statistic.
    pub(crate) fn replicates(&self, statistic: Statistic) -> &Replicates {
        &self.replicates[statistic as usize]
    }
}

impl PooledRun {
    pub(crate) fn age(&self) -> (DateTime<Utc>, RunId) {
        (self.started_at, self.run)
    }
}

impl FromIterator<RunMeasurement> for PooledRuns {
    fn from_iter<I: IntoIterator<Item = RunMeasurement>>(runs: I) -> Self {
        let mut pool = Self::default();
        pool.extend(runs);
        pool
    }
}

impl Extend<RunMeasurement> for PooledRuns {
    fn extend<I: IntoIterator<Item = RunMeasurement>>(&mut self, runs: I) {
        runs.into_iter().for_each(|run| self.merge(&Self::from(&run)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::{Quantiles, ReportedSummary};
    use crate::pool_bytes::CorruptPool;
    use crate::summary::Summary;
    use proptest::prelude::*;

    /// A run that started at this second, with its id.
    fn run(second: i64, requests: Requests, measurement: Measurement) -> RunMeasurement {
        RunMeasurement {
            run: RunId(uuid::Uuid::from_u128(second.unsigned_abs().into())),
            started_at: DateTime::from_timestamp(second, 0).unwrap(),
            source: Source::Import,
            requests,
            is_error_rate: false,
            measurement,
        }
    }

    fn sampled(second: i64, samples: &[f64]) -> RunMeasurement {
        let requests = Requests::all_successful(samples.len() as u64);
        let summary = Summary::from_samples(samples).unwrap();
        run(second, requests, Measurement::Sampled(summary))
    }

    fn any_run() -> impl Strategy<Value = RunMeasurement> {
        let samples = prop::collection::vec(0.001_f64..10.0, 1..30);
        let figures = (0.001_f64..10.0, prop::option::of(1_u64..100));
        (0_i64..100, samples, figures, any::<bool>(), any::<bool>()).prop_map(
            |(second, samples, figures, told, is_error_rate)| {
                if told {
                    return RunMeasurement { is_error_rate, ..sampled(second, &samples) };
                }
                let (mean, count) = figures;
                let quantiles = Quantiles { p50: Some(mean), ..Quantiles::default() };
                let figures =
                    ReportedSummary { count, quantiles, ..ReportedSummary::of_mean(mean) };
                run(second, Requests::all_successful(9), Measurement::Reported(figures))
            },
        )
    }

    fn pool(runs: &[RunMeasurement]) -> PooledRuns {
        runs.iter().cloned().collect()
    }

    /// Runs of which no two are the same.
    fn any_runs(at_most: usize) -> impl Strategy<Value = Vec<RunMeasurement>> {
        prop::collection::vec(any_run(), 0..at_most).prop_map(|mut runs| {
            for (id, run) in (0..).zip(&mut runs) {
                run.run = RunId(uuid::Uuid::from_u128(id));
            }
            runs
        })
    }

    /// Equal up to the rounding of a few additions.
    fn assert_alike(a: &PooledRuns, b: &PooledRuns) -> Result<(), TestCaseError> {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
        prop_assert_eq!((a.count, a.newest), (b.count, b.newest));
        prop_assert_eq!((a.requests, a.sample_count), (b.requests, b.sample_count));
        prop_assert_eq!(a.rate, b.rate);
        let variance = |pool: &PooledRuns| Some(pool.moments.as_ref()?.variance().unwrap_or(0.0));
        match (variance(a), variance(b)) {
            (Some(a), Some(b)) => prop_assert!(close(a, b), "{a} {b}"),
            (a, b) => prop_assert_eq!(a, b),
        }
        for statistic in Statistic::ALL {
            let (ours, theirs) = (a.replicates(statistic), b.replicates(statistic));
            prop_assert_eq!((ours.count(), ours.reported), (theirs.count(), theirs.reported));
            prop_assert!(close(ours.mean, theirs.mean), "{statistic}");
            let error = |it: &Replicates| it.uncertainty().map_or(0.0, |it| it.standard_error);
            prop_assert!(close(error(ours), error(theirs)), "{statistic}");
            let probability = statistic.probability().unwrap_or(0.0);
            prop_assert_eq!(a.sketch.quantile(probability), b.sketch.quantile(probability));
        }
        Ok(())
    }

    #[test]
    fn the_newest_run_is_the_last_one_to_start_whatever_the_order() {
        let (early, late) = (sampled(1, &[0.1]), sampled(2, &[0.2]));
        for runs in [[early.clone(), late.clone()], [late.clone(), early]] {
            assert_eq!(pool(&runs).newest().map(|run| run.run), Some(late.run));
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = pool(&[sampled(1, &[0.1])]).to_bytes();
        for cut in 0..bytes.len() {
            let _ = PooledRuns::from_bytes(&bytes[..cut]).is_err();
        }
        assert_eq!(PooledRuns::from_bytes(&bytes[..200]), Err(CorruptPool));
        let mut later = bytes;
        later[0] += 1;
        assert_eq!(PooledRuns::from_bytes(&later), Err(CorruptPool));
    }

    proptest! {
        #[test]
        fn merging_pools_pools_their_runs(
            runs in any_runs(12),
            cut in 0_usize..12,
        ) {
            let (one, other) = runs.split_at(cut.min(runs.len()));
            let mut merged = pool(one);
            merged.merge(&pool(other));
            assert_alike(&merged, &pool(&runs))?;
            let mut turned = pool(other);
            turned.merge(&pool(one));
            assert_alike(&turned, &merged)?;
        }

        #[test]
        fn bytes_give_the_same_pool_back(runs in any_runs(6)) {
            let pool = pool(&runs);
            let bytes = pool.to_bytes();
            let first = &bytes[..PooledRuns::REQUESTS_WITHIN];
            prop_assert_eq!(PooledRuns::requests_in(first), Ok(pool.requests()));
            prop_assert!(PooledRuns::requests_in(&first[1..]).is_err());
            prop_assert_eq!(PooledRuns::from_bytes(&bytes), Ok(pool));
        }
    }
}
