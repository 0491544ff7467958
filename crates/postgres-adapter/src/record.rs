//! Recording runs, with as many statements for a thousand as for one.
//!
//! However many record at once, none waits for another in a circle: all write
//! the tables in the same order, and the rows of a table in the order of its
//! key.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    MetricName, PooledRuns, RankingScope, Run, Timestamp, Verdict, Workload, WorkloadSlug,
};
use benchmark_ports::{OtherLabels, RecordOutcome, RecordedRuns, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::join;

use crate::bulk_insert::BulkInsert;
use crate::columns::moment;
use crate::failure::Failure;
use crate::pooled_runs;
use crate::rows::{LlmRow, MeasurementRow, RunMetricRow, RunRow, WorkloadRow};
use crate::schema::{llms, workloads};

/// The runs under labels that their workloads have not.
pub(crate) async fn other_labels(
    connection: &mut AsyncPgConnection,
    runs: &[Run],
) -> Result<Option<OtherLabels>, Failure> {
    let labelled = OtherLabels::labelled(runs);
    if labelled.is_empty() {
        return Ok(None);
    }
    let labelled: Vec<_> = labelled.into_iter().map(WorkloadSlug::as_str).collect();
    let known: Vec<WorkloadRow> = workloads::table
        .filter(workloads::slug.eq_any(labelled))
        .select(WorkloadRow::as_select())
        .load(connection)
        .await?;
    let known: Vec<_> = known.into_iter().map(Workload::try_from).collect::<Result<_, _>>()?;
    Ok(OtherLabels::among(runs, known))
}

/// Records runs, of which none is under [other labels](other_labels), in the
/// transaction that a connection is in.
pub(crate) async fn record(
    connection: &mut AsyncPgConnection,
    runs: &[Run],
    recorded_at: Timestamp,
) -> Result<RecordedRuns, Failure> {
    let mut given = BTreeMap::new();
    for run in runs {
        given.entry(run.id().0).or_insert_with(|| Judged { run, verdict: Verdict::of(run) });
    }
    insert_identities(connection, runs).await?;
    // Whoever recorded a workload at once is over by now, and may have given it others.
    if other_labels(connection, runs).await?.is_some() {
        return Err(Failure::Overtaken);
    }
    let rows = given.values().map(|it| RunRow::of(it.run, recorded_at, &it.verdict));
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    let new: Vec<Uuid> = RunRow::insertion(&rows).load(connection).await?;
    let new: HashSet<_> = new.into_iter().collect();
    let mut unseen = new.clone();
    let outcome = |run: &Run| match unseen.remove(&run.id().0) {
        true => RecordOutcome::New,
        false => RecordOutcome::Known,
    };
    let outcomes = runs.iter().map(outcome).collect();
    given.retain(|id, _| new.contains(id));
    if given.is_empty() {
        return Ok(RecordedRuns { outcomes, affected: Vec::new() });
    }
    let rankable = || given.values().filter(|it| it.verdict.is_rankable()).map(|it| it.run);
    let insertion = insert_measurements(connection, given.values().map(|it| it.run));
    // They are pooled here while the server inserts what they measured.
    let (inserted, pools) = join(insertion, async { PooledRuns::by_day(rankable()) }).await;
    inserted?;
    pooled_runs::add(connection, pools).await?;
    move_latest(connection, rankable()).await?;
    let affected = count_recording(connection, rankable()).await?;
    Ok(RecordedRuns { outcomes, affected })
}

/// A run that was given, with what there is to be said against it.
struct Judged<'a> {
    run: &'a Run,
    verdict: Verdict,
}

/// Inserts the LLMs and the workloads that are new, these as their first run has
/// them, and [holds](hold) the LLMs.
async fn insert_identities(
    connection: &mut AsyncPgConnection,
    runs: &[Run],
) -> Result<(), Failure> {
    let (mut llms, mut workloads) = (BTreeMap::new(), BTreeMap::new());
    for run in runs {
        llms.entry(run.llm.id()).or_insert(&run.llm);
        workloads.entry(&run.workload.slug).or_insert(&run.workload);
    }
    let rows: Vec<_> = llms.values().map(|llm| LlmRow::from(*llm)).collect();
    LlmRow::insertion(&rows).execute(connection).await?;
    hold(connection, llms.keys().map(|id| id.0)).await?;
    let rows = workloads.values().map(|workload| WorkloadRow::try_from(*workload));
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    WorkloadRow::insertion(&rows).execute(connection).await?;
    Ok(())
}

/// Holds on to LLMs until the transaction ends: whoever records runs of one of
/// them waits, so that each sees in which scopes the runs before its own have put
/// the LLM, and what is pooled of it.
pub(crate) async fn hold(
    connection: &mut AsyncPgConnection,
    llms: impl IntoIterator<Item = Uuid>,
) -> Result<(), Failure> {
    let ids: Vec<_> = llms.into_iter().collect();
    // Nobody else's reference to an LLM has to wait for that.
    llms::table
        .filter(llms::id.eq_any(ids))
        .order(llms::id)
        .select(llms::id)
        .for_no_key_update()
        .load::<Uuid>(connection)
        .await?;
    Ok(())
}

/// One LLM's newest run that measured a metric on a workload.
struct LatestRunRow {
    metric: String,
    workload: String,
    llm_id: Uuid,
    started_at: PgTimestamp,
    run_id: Uuid,
}

impl LatestRunRow {
    /// The insertion of those that are newer than what is there.
    fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("latest_runs", rows)
            .column::<Text, _>("metric", |row| row.metric.as_str())
            .column::<Text, _>("workload", |row| row.workload.as_str())
            .column::<SqlUuid, _>("llm_id", |row| row.llm_id)
            .column::<Timestamptz, _>("started_at", |row| row.started_at)
            .column::<SqlUuid, _>("run_id", |row| row.run_id)
            .ending(
                "ON CONFLICT (metric, workload, llm_id) \
                 DO UPDATE SET started_at = excluded.started_at, run_id = excluded.run_id \
                 WHERE (excluded.started_at, excluded.run_id) \
                     > (latest_runs.started_at, latest_runs.run_id)",
            )
    }
}

/// Inserts what new runs measured.
async fn insert_measurements<'a>(
    connection: &mut AsyncPgConnection,
    runs: impl Iterator<Item = &'a Run>,
) -> Result<(), Failure> {
    let mut measured = Vec::new();
    for run in runs {
        for (metric, measurement) in run.measurements() {
            measured.push(RunMetricRow {
                run_id: run.id().0,
                metric: metric.to_string(),
                measurement: MeasurementRow::try_from(measurement)?,
            });
        }
    }
    RunMetricRow::insertion(&measured).execute(connection).await?;
    Ok(())
}

/// Makes each of some runs the newest one of its LLM, unless another one is
/// newer.
async fn move_latest<'a>(
    connection: &mut AsyncPgConnection,
    runs: impl Iterator<Item = &'a Run>,
) -> Result<(), Failure> {
    let mut latest = BTreeMap::new();
    for run in runs {
        for metric in run.measurements().keys() {
            let key = (metric, &run.workload.slug, run.llm.id().0);
            let start = (run.started_at, run.id().0);
            let newest = latest.entry(key).or_insert(start);
            *newest = start.max(*newest);
        }
    }
    let rows = latest.into_iter().map(|((metric, workload, llm_id), (started_at, run_id))| {
        let (metric, workload) = (metric.to_string(), workload.to_string());
        LatestRunRow { metric, workload, llm_id, started_at: moment(started_at), run_id }
    });
    LatestRunRow::insertion(&rows.collect::<Vec<_>>()).execute(connection).await?;
    Ok(())
}

/// Counts a recording in every scope in which the LLMs of new runs stand, and
/// tells which they are.
async fn count_recording<'a>(
    connection: &mut AsyncPgConnection,
    runs: impl Iterator<Item = &'a Run>,
) -> Result<Vec<RankingScope>, Failure> {
    #[derive(QueryableByName)]
    struct Moved {
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Text)]
        workload: String,
    }
    const COUNT: &str = "INSERT INTO rankings (metric, workload, revision) \
         SELECT DISTINCT metric, workload, 1 FROM latest_runs \
         WHERE (workload, llm_id) IN (SELECT * FROM unnest($1, $2)) \
         ORDER BY metric, workload \
         ON CONFLICT (metric, workload) DO UPDATE SET revision = rankings.revision + 1 \
         RETURNING metric, workload";
    let stand: BTreeSet<_> = runs.map(|run| (&run.workload.slug, run.llm.id().0)).collect();
    let (workloads, llms): (Vec<_>, Vec<_>) =
        stand.into_iter().map(|(workload, llm)| (workload.as_str(), llm)).unzip();
    let moved: Vec<Moved> = diesel::sql_query(COUNT)
        .bind::<Array<Text>, _>(workloads)
        .bind::<Array<SqlUuid>, _>(llms)
        .load(connection)
        .await?;
    let scope = |Moved { metric, workload }| {
        let name = MetricName::parse(&metric).ok();
        let scope = name.zip(WorkloadSlug::parse(&workload).ok());
        let scope = scope.map(|(metric, workload)| RankingScope { metric, workload });
        scope.ok_or_else(|| StoreError::corrupt(format!("the ranking of {metric}")).into())
    };
    moved.into_iter().map(scope).collect()
}
