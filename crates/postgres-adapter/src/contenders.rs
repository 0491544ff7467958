//! What a ranking is made of. Rows are taken in as they come: a window takes no
//! more memory than its LLMs, however many days it has.

use std::pin::pin;

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    Entrants, Grade, Llm, LlmId, PooledRuns, RankingScope, Requests, RunId, RunMeasurement, Source,
    SpanInDays, Timestamp, Window, metrics,
};
use benchmark_ports::{Contenders, Revision, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::Double;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{Stream, TryStreamExt};

use crate::columns::{moment, timestamp};
use crate::failure::Failure;
use crate::pooled_runs;
use crate::rows::{LlmRow, MeasurementRow, requests};
use crate::schema::{latest_runs, llms, rankings, run_metrics, runs};

/// Reads the contenders of a scope in a window.
pub(crate) async fn contenders(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    window: Window,
    now: Timestamp,
) -> Result<Contenders, Failure> {
    let revision = rankings::table
        .find((scope.metric.as_str(), scope.workload.as_str()))
        .select(rankings::revision)
        .first(connection)
        .await
        .optional()?;
    let mut entrants = Entrants::default();
    match window {
        Window::Latest => add_latest(&mut entrants, connection, scope).await?,
        Window::Hours(_) | Window::All => {
            let span = SpanInDays::from(window.starts_at(now));
            add_started_in(&mut entrants, connection, scope, span).await?;
        }
    }
    Ok(Contenders {
        revision: revision.map_or(Revision::default(), Revision),
        contenders: entrants.into_contenders(),
    })
}

/// The verdict that keeps a run out of rankings. Where there is none, the run was
/// recorded before runs were judged, and counts.
const UNRANKABLE: &str = Grade::Unrankable.as_str();

/// What a run measured, and of whom.
type Measured = (LlmRow, RunColumns, MeasurementRow);

/// What a ranking needs to know of a run.
#[derive(Queryable, Selectable)]
#[diesel(table_name = runs)]
struct RunColumns {
    id: Uuid,
    source: String,
    started_at: PgTimestamp,
    attempted_requests: i64,
    failed_requests: i64,
}

/// How many requests an LLM's runs sent, and how many of them failed.
#[derive(Queryable)]
struct Counts {
    llm_id: Uuid,
    attempted: f64,
    failed: f64,
}

/// Sums that do not overflow, and are exact up to [`Requests::MAX`].
const ATTEMPTED: &str = "coalesce(sum(runs.attempted_requests::double precision), 0)";
const FAILED: &str = "coalesce(sum(runs.failed_requests::double precision), 0)";

/// Each LLM's latest run that measured the metric, and its newest one of all: the
/// rate of errors is measured by every run.
async fn add_latest(
    entrants: &mut Entrants,
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
) -> Result<(), Failure> {
    for_each_latest(connection, scope, |llm, run| entrants.add_latest(llm, &run)).await?;
    if scope.metric == metrics::ERROR_RATE {
        return Ok(());
    }
    let every = RankingScope { metric: metrics::ERROR_RATE, workload: scope.workload.clone() };
    let mention = |llm: Llm, run: RunMeasurement| entrants.mention_newest(llm.id(), &run);
    for_each_latest(connection, &every, mention).await
}

async fn for_each_latest(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    take: impl FnMut(Llm, RunMeasurement),
) -> Result<(), Failure> {
    let said_by_it = (run_metrics::run_id.eq(latest_runs::run_id))
        .and(run_metrics::metric.eq(latest_runs::metric));
    let measured = latest_runs::table
        .inner_join(run_metrics::table.on(said_by_it))
        .inner_join(runs::table.on(runs::id.eq(latest_runs::run_id)))
        .inner_join(llms::table.on(llms::id.eq(latest_runs::llm_id)))
        .filter(latest_runs::metric.eq(scope.metric.as_str()))
        .filter(latest_runs::workload.eq(scope.workload.as_str()))
        .select(Measured::as_select())
        .load_stream(connection)
        .await?;
    for_each_run(scope, measured, take).await
}

/// What started in a span: by pools from its first whole day on, and run by run
/// what started before, and what is not pooled yet.
async fn add_started_in(
    entrants: &mut Entrants,
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    span: SpanInDays,
) -> Result<(), Failure> {
    let SpanInDays { before, first_day } = span;
    // `-infinity`, which every moment comes after.
    let pooled_from = first_day.map_or(PgTimestamp(i64::MIN), |day| moment(day.starts_at()));
    pooled_runs::add_from(entrants, connection, scope, pooled_from).await?;
    if let Some(before) = before {
        let (from, to) = (moment(before.start), moment(before.end));
        add_started_between(entrants, connection, scope, from, to).await?;
    }
    if pooled_runs::are_waiting(connection).await? {
        add_not_pooled(entrants, connection, scope, pooled_from).await?;
    }
    Ok(())
}

async fn add_started_between(
    entrants: &mut Entrants,
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    from: PgTimestamp,
    to: PgTimestamp,
) -> Result<(), Failure> {
    let measured = runs::table
        .inner_join(run_metrics::table)
        .inner_join(llms::table)
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::started_at.lt(to))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .select(Measured::as_select())
        .load_stream(connection)
        .await?;
    add_runs(entrants, scope, measured).await?;
    let counts = runs::table
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::started_at.lt(to))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, sql::<Double>(ATTEMPTED), sql::<Double>(FAILED)))
        .load(connection)
        .await?;
    Ok(add_counts(entrants, counts)?)
}

async fn add_not_pooled(
    entrants: &mut Entrants,
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    from: PgTimestamp,
) -> Result<(), Failure> {
    let measured = runs::table
        .inner_join(run_metrics::table)
        .inner_join(llms::table)
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .select(Measured::as_select())
        .load_stream(connection)
        .await?;
    add_runs(entrants, scope, measured).await?;
    let counts = runs::table
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, sql::<Double>(ATTEMPTED), sql::<Double>(FAILED)))
        .load(connection)
        .await?;
    Ok(add_counts(entrants, counts)?)
}

/// Adds runs one by one.
async fn add_runs(
    entrants: &mut Entrants,
    scope: &RankingScope,
    measured: impl Stream<Item = QueryResult<Measured>>,
) -> Result<(), Failure> {
    let add = |llm, run: RunMeasurement| entrants.add_runs(llm, &PooledRuns::from(&run));
    for_each_run(scope, measured, add).await
}

async fn for_each_run(
    scope: &RankingScope,
    measured: impl Stream<Item = QueryResult<Measured>>,
    mut take: impl FnMut(Llm, RunMeasurement),
) -> Result<(), Failure> {
    let mut measured = pin!(measured);
    while let Some((llm, run, measurement)) = measured.try_next().await? {
        let id = run.id;
        let run = run_measurement(run, scope, measurement)
            .ok_or_else(|| StoreError::corrupt(format!("run {id}")))?;
        take(llm.try_into()?, run);
    }
    Ok(())
}

fn add_counts(entrants: &mut Entrants, counts: Vec<Counts>) -> Result<(), StoreError> {
    for Counts { llm_id, attempted, failed } in counts {
        let at_most = |total: f64| (total as u64).min(Requests::MAX);
        let requests = Requests::new(at_most(attempted), at_most(failed));
        let requests =
            requests.ok_or_else(|| StoreError::corrupt(format!("a run of LLM {llm_id}")))?;
        entrants.add_requests(LlmId(llm_id), requests);
    }
    Ok(())
}

fn run_measurement(
    run: RunColumns,
    scope: &RankingScope,
    measurement: MeasurementRow,
) -> Option<RunMeasurement> {
    let RunColumns { id, source, started_at, attempted_requests, failed_requests } = run;
    Some(RunMeasurement {
        run: RunId(id),
        started_at: timestamp(started_at)?,
        source: Source::parse(&source)?,
        requests: requests(attempted_requests, failed_requests)?,
        is_error_rate: scope.metric == metrics::ERROR_RATE,
        measurement: measurement.read()?,
    })
}
