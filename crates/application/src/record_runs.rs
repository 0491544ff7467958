use std::sync::Arc;

use benchmark_domain::chrono::{SecondsFormat, TimeDelta};
use benchmark_domain::{MetricName, Run, Timestamp};
use benchmark_ports::{
    Catalogue, Clock, OtherLabel, OtherLabels, RecordOutcome, Recording, RunStore, StoreError,
    Submission,
};
use thiserror::Error;

use crate::publish_rankings::PublishRankings;

/// Why runs were not recorded; none of them was.
#[derive(Debug, Error)]
pub enum RecordRunsError {
    /// There was none to record.
    #[error("there are no runs to record")]
    Nothing,
    /// Runs that cannot be recorded, whatever they are submitted with.
    #[error("{}", first.reason)]
    Unfit {
        /// The first of them.
        first: UnfitRun,
        /// Those after it.
        others: Vec<UnfitRun>,
    },
    /// What is submitted under a key is not what was submitted under it before.
    #[error("the key stands for another submission")]
    KeyTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run that cannot be recorded.
#[derive(Debug)]
pub struct UnfitRun {
    /// Which run, counted from 0.
    pub run: usize,
    /// What is wrong with it, at first sight.
    pub reason: Unfit,
}

/// Why a run cannot be recorded.
#[derive(Debug, Error)]
pub enum Unfit {
    /// It has not started yet, and would be the latest one for good.
    #[error("it starts at {}, in the future", started_at.to_rfc3339_opts(SecondsFormat::Secs, true))]
    InTheFuture {
        /// When it says that it started.
        started_at: Timestamp,
    },
    /// It measured something that the catalogue does not know.
    #[error("there is no metric {metric}; there are {}", known.iter().map(MetricName::as_str).collect::<Vec<_>>().join(", "))]
    UnknownMetric {
        /// What it measured.
        metric: MetricName,
        /// What it could have measured.
        known: Arc<[MetricName]>,
    },
    /// It is under another label than its workload.
    #[error(transparent)]
    OtherLabel(OtherLabel),
}

impl From<OtherLabel> for UnfitRun {
    fn from(other: OtherLabel) -> Self {
        Self { run: other.run, reason: Unfit::OtherLabel(other) }
    }
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// Its runs were recorded now.
    Now(Vec<RecordOutcome>),
    /// It was submitted before; this is what became of its runs then.
    Before(Vec<RecordOutcome>),
}

/// How far another machine's clock may be ahead of ours.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(5);

/// Records runs and publishes the rankings that they change.
pub struct RecordRuns {
    runs: Arc<dyn RunStore>,
    catalogue: Arc<dyn Catalogue>,
    publish: Arc<PublishRankings>,
    clock: Arc<dyn Clock>,
}

impl RecordRuns {
    /// Records in `runs`, publishes through `publish`.
    pub fn new(
        runs: Arc<dyn RunStore>,
        catalogue: Arc<dyn Catalogue>,
        publish: Arc<PublishRankings>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { runs, catalogue, publish, clock }
    }

    /// Records runs, all or none, and tells for each whether it was new.
    ///
    /// Once it returns they are durable, and readers of this process see them
    /// in every ranking. If publishing fails they still do: readers compute
    /// what is not published, and [`PublishRankings::pending`] makes it good.
    ///
    /// # Errors
    /// [`RecordRunsError`].
    pub async fn run(&self, runs: &[Run]) -> Result<Vec<RecordOutcome>, RecordRunsError> {
        match self.record(runs, None).await? {
            Submitted::Now(outcomes) | Submitted::Before(outcomes) => Ok(outcomes),
        }
    }

    /// The same for what is submitted under an idempotency key: sent again, it
    /// changes nothing.
    ///
    /// # Errors
    /// [`RecordRunsError`].
    pub async fn submit(
        &self,
        runs: &[Run],
        submission: &Submission,
    ) -> Result<Submitted, RecordRunsError> {
        self.record(runs, Some(submission)).await
    }

    async fn record(
        &self,
        runs: &[Run],
        submission: Option<&Submission>,
    ) -> Result<Submitted, RecordRunsError> {
        if runs.is_empty() {
            return Err(RecordRunsError::Nothing);
        }
        let now = self.clock.now();
        self.check(runs, now).await?;
        let recorded = match self.runs.record(runs, now, submission).await? {
            Recording::Recorded(recorded) => recorded,
            Recording::Replayed(outcomes) => return Ok(Submitted::Before(outcomes)),
            Recording::KeyTaken => return Err(RecordRunsError::KeyTaken),
            Recording::OtherLabels(OtherLabels { first, others }) => {
                let others = others.into_iter().map(UnfitRun::from).collect();
                return Err(RecordRunsError::Unfit { first: first.into(), others });
            }
        };
        self.publish.run(&recorded.affected).await;
        Ok(Submitted::Now(recorded.outcomes))
    }

    /// Refuses the runs that start in the future or measured what is not known.
    async fn check(&self, runs: &[Run], now: Timestamp) -> Result<(), RecordRunsError> {
        let known: Arc<[_]> =
            self.catalogue.metrics().await?.iter().map(|metric| metric.name.clone()).collect();
        let unfit =
            |(at, run)| Some(UnfitRun { run: at, reason: reason_against(run, now, &known)? });
        let mut unfit = runs.iter().enumerate().filter_map(unfit);
        match unfit.next() {
            None => Ok(()),
            Some(first) => Err(RecordRunsError::Unfit { first, others: unfit.collect() }),
        }
    }
}

/// What is wrong with a run at `now`, if anything.
fn reason_against(run: &Run, now: Timestamp, known: &Arc<[MetricName]>) -> Option<Unfit> {
    if run.started_at > now + CLOCKS_DIFFER_BY {
        return Some(Unfit::InTheFuture { started_at: run.started_at });
    }
    let metric = run.measurements().keys().find(|name| !known.contains(name))?;
    Some(Unfit::UnknownMetric { metric: metric.clone(), known: Arc::clone(known) })
}
