use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use benchmark_domain::{
    Llm, LlmId, Measurement, MetricName, RankingScope, Run, RunId, Timestamp, Verdict, Workload,
    WorkloadSlug,
};
use benchmark_ports::{
    OtherLabels, PageLimit, RecordOutcome, RecordedRun, RecordedRuns, Recording, RunFilter,
    RunStore, StoreError, Submission,
};
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::SqliteStore;
use crate::columns::timestamp_text;
use crate::failure::Failure;
use crate::listing::page;
use crate::pooled_runs;
use crate::rows::{LlmRow, MeasurementRow, RunRow, WorkloadRow};
use crate::schema::{latest_runs, llms, rankings, run_metrics, runs, workloads};
use crate::submission;

#[async_trait]
impl RunStore for SqliteStore {
    async fn record(
        &self,
        runs: &[Run],
        recorded_at: Timestamp,
        submission: Option<&Submission>,
    ) -> Result<Recording, StoreError> {
        let (runs, submission) = (runs.to_vec(), submission.cloned());
        self.write(move |connection| {
            if let Some(submission) = &submission
                && let Some(known) = submission::known(connection, submission, recorded_at)?
            {
                return Ok(known);
            }
            if let Some(others) = other_labels(connection, &runs)? {
                return Ok(Recording::OtherLabels(others));
            }
            let mut moved = BTreeSet::new();
            let mut outcomes = Vec::with_capacity(runs.len());
            let mut ranked = Vec::new();
            for run in &runs {
                let verdict = Verdict::of(run);
                outcomes.push(if insert(connection, run, recorded_at, &verdict)? {
                    if verdict.is_rankable() {
                        moved.insert((&run.workload.slug, run.llm.id()));
                        ranked.push(run);
                    }
                    RecordOutcome::New
                } else {
                    RecordOutcome::Known
                });
            }
            pooled_runs::add(connection, ranked)?;
            let mut affected = BTreeSet::new();
            for (workload, llm) in moved {
                affected.extend(standing(connection, workload, llm)?);
            }
            for scope in &affected {
                count_recording(connection, scope)?;
            }
            if let Some(submission) = &submission {
                submission::remember(connection, submission, &outcomes, recorded_at)?;
            }
            let affected = affected.into_iter().collect();
            Ok(Recording::Recorded(RecordedRuns { outcomes, affected }))
        })
        .await
    }

    async fn run(&self, id: RunId) -> Result<Option<RecordedRun>, StoreError> {
        self.read(move |connection| {
            let found = runs::table
                .inner_join(llms::table)
                .inner_join(workloads::table)
                .filter(runs::id.eq(id.to_string()))
                .select(<(RunRow, LlmRow, WorkloadRow)>::as_select())
                .load(connection)?;
            Ok(with_measurements(connection, found)?.pop())
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
        self.read(move |connection| page(connection, &filter, after, limit)).await
    }
}

/// The runs under labels that their workloads have not.
fn other_labels(
    connection: &mut SqliteConnection,
    runs: &[Run],
) -> Result<Option<OtherLabels>, Failure> {
    let labelled = OtherLabels::labelled(runs);
    if labelled.is_empty() {
        return Ok(None);
    }
    let known: Vec<WorkloadRow> = workloads::table
        .filter(workloads::slug.eq_any(labelled.into_iter().map(WorkloadSlug::as_str)))
        .select(WorkloadRow::as_select())
        .load(connection)?;
    let known: Vec<_> = known.into_iter().map(Workload::try_from).collect::<Result<_, _>>()?;
    Ok(OtherLabels::among(runs, known))
}

/// Inserts a run with all it says, its LLM and its workload; `false` if it was
/// there.
fn insert(
    connection: &mut SqliteConnection,
    run: &Run,
    recorded_at: Timestamp,
    verdict: &Verdict,
) -> Result<bool, Failure> {
    diesel::insert_into(llms::table)
        .values(LlmRow::from(&run.llm))
        .on_conflict_do_nothing()
        .execute(connection)?;
    diesel::insert_into(workloads::table)
        .values(WorkloadRow::try_from(&run.workload)?)
        .on_conflict_do_nothing()
        .execute(connection)?;
    let new = diesel::insert_into(runs::table)
        .values(RunRow::of(run, recorded_at, verdict)?)
        .on_conflict_do_nothing()
        .execute(connection)?;
    if new == 0 {
        return Ok(false);
    }
    let run_id = run.id().to_string();
    let llm_id = run.llm.id().to_string();
    let started_at = timestamp_text(run.started_at);
    for (metric, measurement) in run.measurements() {
        let (metric, workload) = (metric.as_str(), run.workload.slug.as_str());
        diesel::insert_into(run_metrics::table)
            .values((
                run_metrics::run_id.eq(&run_id),
                run_metrics::metric.eq(metric),
                MeasurementRow::try_from(measurement)?,
            ))
            .execute(connection)?;
        if verdict.is_rankable() {
            let (llm_id, started_at, run_id) = (&llm_id, &started_at, &run_id);
            let latest = LatestRunRow { metric, workload, llm_id, started_at, run_id };
            move_latest(connection, &latest)?;
        }
    }
    Ok(true)
}

#[derive(Insertable)]
#[diesel(table_name = latest_runs)]
struct LatestRunRow<'a> {
    metric: &'a str,
    workload: &'a str,
    llm_id: &'a str,
    started_at: &'a str,
    run_id: &'a str,
}

/// Makes a run the newest one of its LLM, unless another one is newer.
fn move_latest(connection: &mut SqliteConnection, row: &LatestRunRow<'_>) -> QueryResult<usize> {
    use diesel::query_dsl::methods::FilterDsl;
    use latest_runs as latest;
    let later = excluded(latest::started_at).gt(latest::started_at);
    let together = excluded(latest::started_at).eq(latest::started_at);
    let upsert = diesel::insert_into(latest::table)
        .values(row)
        .on_conflict((latest::metric, latest::workload, latest::llm_id))
        .do_update()
        .set((
            latest::run_id.eq(excluded(latest::run_id)),
            latest::started_at.eq(excluded(latest::started_at)),
        ));
    upsert
        .filter(later.or(together.and(excluded(latest::run_id).gt(latest::run_id))))
        .execute(connection)
}

/// The scopes on a workload in which an LLM stands: what its runs measured.
fn standing(
    connection: &mut SqliteConnection,
    workload: &WorkloadSlug,
    llm: LlmId,
) -> Result<Vec<RankingScope>, Failure> {
    let metrics: Vec<String> = latest_runs::table
        .filter(latest_runs::workload.eq(workload.as_str()))
        .filter(latest_runs::llm_id.eq(llm.to_string()))
        .select(latest_runs::metric)
        .load(connection)?;
    let scope = |metric: String| {
        let unreadable = |_| StoreError::corrupt(format!("metric {metric}"));
        let metric = MetricName::parse(&metric).map_err(unreadable)?;
        Ok(RankingScope { metric, workload: workload.clone() })
    };
    metrics.into_iter().map(scope).collect()
}

fn count_recording(connection: &mut SqliteConnection, scope: &RankingScope) -> Result<(), Failure> {
    diesel::insert_into(rankings::table)
        .values((
            rankings::metric.eq(scope.metric.as_str()),
            rankings::workload.eq(scope.workload.as_str()),
            rankings::revision.eq(1),
        ))
        .on_conflict((rankings::metric, rankings::workload))
        .do_update()
        .set(rankings::revision.eq(rankings::revision + 1))
        .execute(connection)?;
    Ok(())
}

/// Completes runs with what they measured, and reads them.
pub(crate) fn with_measurements(
    connection: &mut SqliteConnection,
    found: Vec<(RunRow, LlmRow, WorkloadRow)>,
) -> Result<Vec<RecordedRun>, Failure> {
    let measured = run_metrics::table
        .filter(run_metrics::run_id.eq_any(found.iter().map(|(run, ..)| &run.id)))
        .select((run_metrics::run_id, run_metrics::metric, MeasurementRow::as_select()))
        .load::<(String, String, MeasurementRow)>(connection)?;
    let mut measurements: HashMap<String, BTreeMap<MetricName, Measurement>> = HashMap::new();
    for (run, metric, row) in measured {
        let read = MetricName::parse(&metric).ok().zip(row.read());
        let (metric, measurement) = read.ok_or_else(|| corrupt_run(&run))?;
        measurements.entry(run).or_default().insert(metric, measurement);
    }
    let complete = |(run, llm, workload): (RunRow, LlmRow, WorkloadRow)| {
        let (llm, workload) = (Llm::try_from(llm)?, Workload::try_from(workload)?);
        let id = run.id.clone();
        let measurements = measurements.remove(&id).unwrap_or_default();
        Ok(run.read(llm, workload, measurements).ok_or_else(|| corrupt_run(&id))?)
    };
    found.into_iter().map(complete).collect()
}

fn corrupt_run(id: &str) -> StoreError {
    StoreError::corrupt(format!("run {id}"))
}
