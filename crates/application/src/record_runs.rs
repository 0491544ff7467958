use std::sync::Arc;

use benchmark_domain::chrono::{SecondsFormat, TimeDelta};
use benchmark_domain::{MetricName, Run, Timestamp};
use benchmark_ports::{
    Catalogue, Clock, OtherLabel, RecordOutcome, Recording, RunStore, StoreError, Submission,
};
use thiserror::Error;

use crate::publish_rankings::PublishRankings;

/// Why runs were not recorded; none of them was.
#[derive(Debug, Error)]
pub enum RecordRunsError {
    /// There was none to record.
    #[error("there are no runs to record")]
    Nothing,
    /// A run measured something that the catalogue does not know.
    #[error("there is no metric {metric}; there are {}", known.iter().map(MetricName::as_str).collect::<Vec<_>>().join(", "))]
    UnknownMetric {
        /// Which run, counted from 0.
        run: usize,
        /// What it measured.
        metric: MetricName,
        /// What it could have measured.
        known: Vec<MetricName>,
    },
    /// A run that has not started yet would be the latest one for good.
    #[error("it starts at {}, in the future", started_at.to_rfc3339_opts(SecondsFormat::Secs, true))]
    InTheFuture {
        /// Which run, counted from 0.
        run: usize,
        /// When it says that it started.
        started_at: Timestamp,
    },
    /// Runs under other labels than those of their workloads.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    OtherLabels(Vec<OtherLabel>),
    /// What is submitted under a key is not what was submitted under it before.
    #[error("the key stands for another submission")]
    KeyTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        let is_future = |(_, run): &(usize, &Run)| run.started_at > now + CLOCKS_DIFFER_BY;
        if let Some((at, run)) = runs.iter().enumerate().find(is_future) {
            return Err(RecordRunsError::InTheFuture { run: at, started_at: run.started_at });
        }
        self.check_metrics(runs).await?;
        let recorded = match self.runs.record(runs, now, submission).await? {
            Recording::Recorded(recorded) => recorded,
            Recording::Replayed(outcomes) => return Ok(Submitted::Before(outcomes)),
            Recording::KeyTaken => return Err(RecordRunsError::KeyTaken),
            Recording::OtherLabels(others) => return Err(RecordRunsError::OtherLabels(others)),
        };
        self.publish.run(&recorded.affected).await;
        Ok(Submitted::Now(recorded.outcomes))
    }

    async fn check_metrics(&self, runs: &[Run]) -> Result<(), RecordRunsError> {
        let known: Vec<_> =
            self.catalogue.metrics().await?.into_iter().map(|metric| metric.name).collect();
        for (run, parts) in runs.iter().enumerate() {
            if let Some(metric) = parts.measurements().keys().find(|name| !known.contains(name)) {
                return Err(RecordRunsError::UnknownMetric { run, metric: metric.clone(), known });
            }
        }
        Ok(())
    }
}
