//! What a ranking is made of. Rows are taken in as they come: a window takes no
//! more memory than its LLMs, however many days it has.

use benchmark_domain::{
    Entrants, Grade, Llm, LlmId, PooledRuns, RankingScope, Requests, RunId, RunMeasurement, Source,
    SpanInDays, Timestamp, Window, metrics,
};
use benchmark_ports::{Contenders, Revision, StoreError};
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::columns::{timestamp, timestamp_text, uuid};
use crate::failure::Failure;
use crate::pooled_runs;
use crate::rows::{LlmRow, MeasurementRow, requests};
use crate::schema::{latest_runs, llms, rankings, run_metrics, runs};

/// Reads the contenders of a scope in a window.
pub(crate) fn contenders(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    window: Window,
    now: Timestamp,
) -> Result<Contenders, Failure> {
    let revision = rankings::table
        .find((scope.metric.as_str(), scope.workload.as_str()))
        .select(rankings::revision)
        .first(connection)
        .optional()?;
    let mut entrants = Entrants::default();
    match window {
        Window::Latest => add_latest(&mut entrants, connection, scope)?,
        Window::Hours(_) | Window::All => {
            let span = SpanInDays::from(window.starts_at(now));
            add_started_in(&mut entrants, connection, scope, span)?;
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
    id: String,
    source: String,
    started_at: String,
    attempted_requests: i64,
    failed_requests: i64,
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// A sum that does not overflow, and is exact up to [`Requests::MAX`].
    #[aggregate]
    fn total(count: BigInt) -> Double;
}

/// How many requests an LLM's runs sent, and how many of them failed.
type Counts = (String, f64, f64);

/// Each LLM's latest run that measured the metric, and its newest one of all: the
/// rate of errors is measured by every run.
fn add_latest(
    entrants: &mut Entrants,
    connection: &mut SqliteConnection,
    scope: &RankingScope,
) -> Result<(), Failure> {
    for_each_latest(connection, scope, |llm, run| entrants.add_latest(llm, &run))?;
    if scope.metric == metrics::ERROR_RATE {
        return Ok(());
    }
    let every = RankingScope { metric: metrics::ERROR_RATE, workload: scope.workload.clone() };
    for_each_latest(connection, &every, |llm, run| entrants.mention_newest(llm.id(), &run))
}

fn for_each_latest(
    connection: &mut SqliteConnection,
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
        .load_iter::<_, DefaultLoadingMode>(connection)?;
    for_each_run(scope, measured, take)
}

/// What started in a span: by pools from its first whole day on, and run by run
/// what started before, and what is not pooled yet.
fn add_started_in(
    entrants: &mut Entrants,
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    span: SpanInDays,
) -> Result<(), Failure> {
    let SpanInDays { before, first_day } = span;
    // Every moment's text comes after the empty one.
    let pooled_from = first_day.map(|day| timestamp_text(day.starts_at())).unwrap_or_default();
    pooled_runs::add_from(entrants, connection, scope, &pooled_from)?;
    if let Some(before) = before {
        let (from, to) = (timestamp_text(before.start), timestamp_text(before.end));
        add_started_between(entrants, connection, scope, &from, &to)?;
    }
    if pooled_runs::are_waiting(connection)? {
        add_not_pooled(entrants, connection, scope, &pooled_from)?;
    }
    Ok(())
}

fn add_started_between(
    entrants: &mut Entrants,
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
    to: &str,
) -> Result<(), Failure> {
    let measured = runs::table
        .inner_join(run_metrics::table)
        .inner_join(llms::table)
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::started_at.lt(to))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .select(Measured::as_select())
        .load_iter::<_, DefaultLoadingMode>(connection)?;
    add_runs(entrants, scope, measured)?;
    let counts = runs::table
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::started_at.lt(to))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, total(runs::attempted_requests), total(runs::failed_requests)))
        .load(connection)?;
    Ok(add_counts(entrants, counts)?)
}

fn add_not_pooled(
    entrants: &mut Entrants,
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
) -> Result<(), Failure> {
    let measured = runs::table
        .inner_join(run_metrics::table)
        .inner_join(llms::table)
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .select(Measured::as_select())
        .load_iter::<_, DefaultLoadingMode>(connection)?;
    add_runs(entrants, scope, measured)?;
    let counts = runs::table
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, total(runs::attempted_requests), total(runs::failed_requests)))
        .load(connection)?;
    Ok(add_counts(entrants, counts)?)
}

/// Adds runs one by one.
fn add_runs(
    entrants: &mut Entrants,
    scope: &RankingScope,
    measured: impl Iterator<Item = QueryResult<Measured>>,
) -> Result<(), Failure> {
    for_each_run(scope, measured, |llm, run| entrants.add_runs(llm, &PooledRuns::from(&run)))
}

fn for_each_run(
    scope: &RankingScope,
    measured: impl Iterator<Item = QueryResult<Measured>>,
    mut take: impl FnMut(Llm, RunMeasurement),
) -> Result<(), Failure> {
    for measured in measured {
        let (llm, run, measurement) = measured?;
        let id = run.id.clone();
        let run = run_measurement(run, scope, measurement)
            .ok_or_else(|| StoreError::corrupt(format!("run {id}")))?;
        take(llm.try_into()?, run);
    }
    Ok(())
}

fn add_counts(entrants: &mut Entrants, counts: Vec<Counts>) -> Result<(), StoreError> {
    for (llm_id, attempted, failed) in counts {
        let at_most = |total: f64| (total as u64).min(Requests::MAX);
        let requests = Requests::new(at_most(attempted), at_most(failed));
        let (id, requests) = uuid(&llm_id)
            .zip(requests)
            .ok_or_else(|| StoreError::corrupt(format!("a run of LLM {llm_id}")))?;
        entrants.add_requests(LlmId(id), requests);
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
        run: RunId(uuid(&id)?),
        started_at: timestamp(&started_at)?,
        source: Source::parse(&source)?,
        requests: requests(attempted_requests, failed_requests)?,
        is_error_rate: scope.metric == metrics::ERROR_RATE,
        measurement: measurement.read()?,
    })
}
