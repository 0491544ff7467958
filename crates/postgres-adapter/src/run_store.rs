use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::uuid::Uuid;
use benchmark_domain::{Grade, Llm, Measurement, MetricName, Run, RunId, Timestamp, Workload};
use benchmark_ports::{
    PageLimit, RecordedRun, Recording, RunFilter, RunStore, StoreError, Submission,
};
use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;

use crate::PostgresStore;
use crate::failure::Failure;
use crate::record::{other_labels, record};
use crate::rows::{LlmRow, MeasurementRow, RunRow, WorkloadRow};
use crate::schema::{llms, run_metrics, runs, workloads};
use crate::submission;

#[async_trait]
impl RunStore for PostgresStore {
    async fn record(
        &self,
        runs: &[Run],
        recorded_at: Timestamp,
        submission: Option<&Submission>,
    ) -> Result<Recording, StoreError> {
        let given = Arc::new((runs.to_vec(), submission.cloned()));
        self.write(move |connection| {
            let given = Arc::clone(&given);
            async move {
                let (runs, submission) = &*given;
                if let Some(others) = other_labels(connection, runs).await? {
                    return Ok(Recording::OtherLabels(others));
                }
                let Some(submission) = submission else {
                    return Ok(Recording::Recorded(record(connection, runs, recorded_at).await?));
                };
                if let Some(known) = submission::begin(connection, submission, recorded_at).await? {
                    return Ok(known);
                }
                let recorded = record(connection, runs, recorded_at).await?;
                submission::end(connection, submission, &recorded.outcomes).await?;
                Ok(Recording::Recorded(recorded))
            }
            .boxed()
        })
        .await
    }

    async fn run(&self, id: RunId) -> Result<Option<RecordedRun>, StoreError> {
        self.snapshot(move |connection| {
            async move {
                let found = runs::table
                    .inner_join(llms::table)
                    .inner_join(workloads::table)
                    .filter(runs::id.eq(id.0))
                    .select(<(RunRow, LlmRow, WorkloadRow)>::as_select())
                    .load(connection)
                    .await?;
                Ok(with_measurements(connection, found).await?.pop())
            }
            .boxed()
        })
        .await
    }

    async fn runs(
        &self,
        filter: &RunFilter,
        after: Option<RunId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<RecordedRun>>, StoreError> {
        let filter = filter.clone();
        self.snapshot(move |connection| {
            let filter = filter.clone();
            async move { page(connection, filter, after, limit).await }.boxed()
        })
        .await
    }
}

async fn page(
    connection: &mut AsyncPgConnection,
    filter: RunFilter,
    after: Option<RunId>,
    limit: PageLimit,
) -> Result<Option<Vec<RecordedRun>>, Failure> {
    let RunFilter { workload, llm, source, verdict } = filter;
    let mut page = runs::table
        .inner_join(llms::table)
        .inner_join(workloads::table)
        .select(<(RunRow, LlmRow, WorkloadRow)>::as_select())
        .order((runs::started_at.desc(), runs::id.desc()))
        .limit(limit.get() as i64)
        .into_boxed();
    if let Some(workload) = workload {
        page = page.filter(runs::workload.eq(workload.to_string()));
    }
    if let Some(llm) = llm {
        page = page.filter(runs::llm_id.eq(llm.0));
    }
    if let Some(source) = source {
        page = page.filter(runs::source.eq(source.as_str()));
    }
    match verdict {
        None => {}
        Some(Grade::Unjudged) => page = page.filter(runs::verdict.is_null()),
        Some(grade) => page = page.filter(runs::verdict.eq(grade.as_str())),
    }
    if let Some(RunId(after)) = after {
        let started_at: Option<PgTimestamp> =
            runs::table.find(after).select(runs::started_at).first(connection).await.optional()?;
        let Some(started_at) = started_at else { return Ok(None) };
        // Earlier, or together and with a lesser id: put so that an index can
        // begin at the first condition.
        page = page
            .filter(runs::started_at.le(started_at))
            .filter(runs::started_at.lt(started_at).or(runs::id.lt(after)));
    }
    let found = page.load(connection).await?;
    with_measurements(connection, found).await.map(Some)
}

/// Completes runs with what they measured, and reads them.
pub(crate) async fn with_measurements(
    connection: &mut AsyncPgConnection,
    found: Vec<(RunRow, LlmRow, WorkloadRow)>,
) -> Result<Vec<RecordedRun>, Failure> {
    let ids: Vec<_> = found.iter().map(|(run, ..)| run.id).collect();
    let measured = run_metrics::table
        .filter(run_metrics::run_id.eq_any(ids))
        .select((run_metrics::run_id, run_metrics::metric, MeasurementRow::as_select()))
        .load::<(Uuid, String, MeasurementRow)>(connection)
        .await?;
    let mut measurements: HashMap<Uuid, BTreeMap<MetricName, Measurement>> = HashMap::new();
    for (run, metric, row) in measured {
        let read = MetricName::parse(&metric).ok().zip(row.read());
        let (metric, measurement) = read.ok_or_else(|| corrupt_run(run))?;
        measurements.entry(run).or_default().insert(metric, measurement);
    }
    let complete = |(run, llm, workload): (RunRow, LlmRow, WorkloadRow)| {
        let (llm, workload) = (Llm::try_from(llm)?, Workload::try_from(workload)?);
        let id = run.id;
        let measurements = measurements.remove(&id).unwrap_or_default();
        Ok(run.read(llm, workload, measurements).ok_or_else(|| corrupt_run(id))?)
    };
    found.into_iter().map(complete).collect()
}

fn corrupt_run(id: Uuid) -> StoreError {
    StoreError::corrupt(format!("run {id}"))
}
