use std::collections::HashMap;

use async_trait::async_trait;
use benchmark_domain::{
    Day, Entrants, Grade, HistorySpan, Llm, LlmId, PooledRuns, Publication, RankingScope, Requests,
    RunId, RunMeasurement, Source, Timestamp, Window, metrics,
};
use benchmark_ports::{Contenders, CurrentRanking, PageLimit, RankingReader, Revision, StoreError};
use diesel::dsl::not;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::SqliteStore;
use crate::columns::{timestamp, timestamp_text, uuid};
use crate::failure::Failure;
use crate::pooled_runs::{self, Pooled};
use crate::rows::{BenchmarkRow, LlmRow, MeasurementRow, requests};
use crate::schema::{benchmark, latest_runs, llms, publications, rankings, run_metrics, runs};

#[async_trait]
impl RankingReader for SqliteStore {
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
    ) -> Result<Contenders, StoreError> {
        let scope = scope.clone();
        // In a transaction, so that all of it is read at one moment.
        let read = move |connection: &mut SqliteConnection| {
            let revision = rankings::table
                .find((scope.metric.as_str(), scope.workload.as_str()))
                .select(rankings::revision)
                .first(connection)
                .optional()?;
            let entrants = match window {
                Window::Latest => latest(connection, &scope)?,
                Window::Hours(_) | Window::All => {
                    started_from(connection, &scope, window.starts_at(now))?
                }
            };
            Ok(Contenders {
                revision: revision.map_or(Revision::default(), Revision),
                contenders: entrants.into_contenders(),
            })
        };
        self.read(|connection| connection.transaction(read)).await
    }

    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError> {
        let scope = scope.clone();
        self.read(move |connection| {
            let ranking: Option<(i64, Option<i64>)> = rankings::table
                .find((scope.metric.as_str(), scope.workload.as_str()))
                .select((rankings::revision, rankings::published_revision))
                .first(connection)
                .optional()?;
            let Some((revision, Some(published))) = ranking else { return Ok(None) };
            // What is published never changes, so that these need not be read
            // at one moment.
            let published_at = publications::table
                .find((scope.metric.as_str(), scope.workload.as_str(), published))
                .select(publications::published_at)
                .first(connection)?;
            let newest = vec![(published, published_at)];
            let newest = publications_of(connection, &scope, newest, None)?.pop();
            Ok(newest.map(|(_, publication)| CurrentRanking {
                publication,
                up_to_date: published >= revision,
            }))
        })
        .await
    }

    async fn history(
        &self,
        scope: &RankingScope,
        span: HistorySpan,
        llm: Option<&Llm>,
        limit: PageLimit,
    ) -> Result<Vec<(Revision, Publication)>, StoreError> {
        let (scope, llm) = (scope.clone(), llm.cloned());
        self.read(move |connection| {
            let mut published = published_in(connection, &scope, span, limit.get())?;
            published.reverse();
            publications_of(connection, &scope, published, llm.as_ref())
        })
        .await
    }
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

fn latest(connection: &mut SqliteConnection, scope: &RankingScope) -> Result<Entrants, Failure> {
    let said_by_it = (run_metrics::metric.eq(latest_runs::metric))
        .and(run_metrics::workload.eq(latest_runs::workload))
        .and(run_metrics::started_at.eq(latest_runs::started_at))
        .and(run_metrics::run_id.eq(latest_runs::run_id));
    let measured = latest_runs::table
        .inner_join(run_metrics::table.on(said_by_it))
        .inner_join(runs::table.on(runs::id.eq(latest_runs::run_id)))
        .inner_join(llms::table.on(llms::id.eq(latest_runs::llm_id)))
        .filter(latest_runs::metric.eq(scope.metric.as_str()))
        .filter(latest_runs::workload.eq(scope.workload.as_str()))
        .select(Measured::as_select())
        .load(connection)?;
    let mut entrants = Entrants::default();
    add_runs(&mut entrants, measured)?;
    add_requests(&mut entrants, counts_from_latest(connection, scope)?)?;
    Ok(entrants)
}

/// What started from a moment on, if not at any time: by the pools of the days
/// that lie in there wholly, and run by run what started before the first of
/// them, and what is not pooled yet.
fn started_from(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    start: Option<Timestamp>,
) -> Result<Entrants, Failure> {
    let first_day = start.map(Day::first_from);
    let mut entrants = Entrants::default();
    for pooled in pooled_runs::from_day(connection, scope, first_day)? {
        let Pooled { llm, metric, runs } = pooled;
        if metric == metrics::ERROR_RATE.as_str() {
            entrants.add_requests(llm.id(), runs.requests());
        }
        if metric == scope.metric.as_str() {
            entrants.add_runs(llm, &runs);
        }
    }
    // Every moment's text comes after the empty one.
    let pooled_from = first_day.map(|day| timestamp_text(day.starts_at())).unwrap_or_default();
    if let Some(start) = start.map(timestamp_text).filter(|start| *start < pooled_from) {
        let (from, to) = (start.as_str(), pooled_from.as_str());
        add_runs(&mut entrants, started_between(connection, scope, from, to)?)?;
        add_requests(&mut entrants, counts_between(connection, scope, from, to)?)?;
    }
    if pooled_runs::are_waiting(connection)? {
        add_runs(&mut entrants, not_pooled(connection, scope, &pooled_from)?)?;
        add_requests(&mut entrants, counts_not_pooled(connection, scope, &pooled_from)?)?;
    }
    Ok(entrants)
}

fn started_between(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
    to: &str,
) -> Result<Vec<Measured>, Failure> {
    Ok(run_metrics::table
        .inner_join(runs::table.inner_join(llms::table))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .filter(run_metrics::workload.eq(scope.workload.as_str()))
        .filter(run_metrics::started_at.ge(from))
        .filter(run_metrics::started_at.lt(to))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .select(Measured::as_select())
        .load(connection)?)
}

fn not_pooled(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
) -> Result<Vec<Measured>, Failure> {
    Ok(runs::table
        .inner_join(run_metrics::table)
        .inner_join(llms::table)
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .select(Measured::as_select())
        .load(connection)?)
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// A sum that does not overflow, and is exact up to [`Requests::MAX`].
    #[aggregate]
    fn total(count: BigInt) -> Double;
}

/// How many requests an LLM's runs sent, and how many of them failed.
type Counts = (String, f64, f64);

/// The counts of each LLM's latest run of a scope and of all that came later.
fn counts_from_latest(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
) -> Result<Vec<Counts>, Failure> {
    // Put so that an index can begin at the first condition on the start.
    let not_before_it = (runs::llm_id.eq(latest_runs::llm_id))
        .and(runs::workload.eq(latest_runs::workload))
        .and(runs::started_at.ge(latest_runs::started_at))
        .and(runs::started_at.gt(latest_runs::started_at).or(runs::id.ge(latest_runs::run_id)));
    Ok(latest_runs::table
        .inner_join(runs::table.on(not_before_it))
        .filter(latest_runs::metric.eq(scope.metric.as_str()))
        .filter(latest_runs::workload.eq(scope.workload.as_str()))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .group_by(latest_runs::llm_id)
        .select((
            latest_runs::llm_id,
            total(runs::attempted_requests),
            total(runs::failed_requests),
        ))
        .load(connection)?)
}

fn counts_between(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
    to: &str,
) -> Result<Vec<Counts>, Failure> {
    Ok(runs::table
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::started_at.lt(to))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, total(runs::attempted_requests), total(runs::failed_requests)))
        .load(connection)?)
}

fn counts_not_pooled(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
) -> Result<Vec<Counts>, Failure> {
    Ok(runs::table
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_not(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, total(runs::attempted_requests), total(runs::failed_requests)))
        .load(connection)?)
}

/// Adds runs one by one.
fn add_runs(entrants: &mut Entrants, measured: Vec<Measured>) -> Result<(), StoreError> {
    for (llm, run, measurement) in measured {
        let id = run.id.clone();
        let run = run_measurement(run, measurement)
            .ok_or_else(|| StoreError::corrupt(format!("run {id}")))?;
        entrants.add_runs(llm.try_into()?, &PooledRuns::from(&run));
    }
    Ok(())
}

fn add_requests(entrants: &mut Entrants, counts: Vec<Counts>) -> Result<(), StoreError> {
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

fn run_measurement(run: RunColumns, measurement: MeasurementRow) -> Option<RunMeasurement> {
    let RunColumns { id, source, started_at, attempted_requests, failed_requests } = run;
    Some(RunMeasurement {
        run: RunId(uuid(&id)?),
        started_at: timestamp(&started_at)?,
        source: Source::parse(&source)?,
        requests: requests(attempted_requests, failed_requests)?,
        measurement: measurement.read()?,
    })
}

/// A publication's revision and moment.
type Published = (i64, String);

/// The last `limit` publications of a span, the last one first.
fn published_in(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    span: HistorySpan,
    limit: usize,
) -> Result<Vec<Published>, Failure> {
    // Every moment's text comes after the empty one and before a tilde.
    let from = span.from().map(timestamp_text).unwrap_or_default();
    let mut to = span.to().map_or_else(|| "~".to_owned(), timestamp_text);
    let Some(bucket) = span.bucket() else {
        return published_before(connection, scope, &from, &to, limit);
    };
    // One step down the index for each bucket that has a publication.
    let mut published = Vec::new();
    while published.len() < limit
        && let Some(last) = published_before(connection, scope, &from, &to, 1)?.pop()
    {
        to = timestamp_text(bucket.start_of(published_moment(scope, &last)?));
        published.push(last);
    }
    Ok(published)
}

fn published_before(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
    to: &str,
    limit: usize,
) -> Result<Vec<Published>, Failure> {
    Ok(publications::table
        .filter(publications::metric.eq(scope.metric.as_str()))
        .filter(publications::workload.eq(scope.workload.as_str()))
        .filter(publications::published_at.ge(from))
        .filter(publications::published_at.lt(to))
        .order((publications::published_at.desc(), publications::revision.desc()))
        .limit(limit as i64)
        .select((publications::revision, publications::published_at))
        .load(connection)?)
}

/// These publications, with all entries or those of one LLM.
fn publications_of(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    published: Vec<Published>,
    llm: Option<&Llm>,
) -> Result<Vec<(Revision, Publication)>, Failure> {
    let revisions: Vec<_> = published.iter().map(|(revision, _)| *revision).collect();
    let mut rows = benchmark::table
        .filter(benchmark::metric.eq(scope.metric.as_str()))
        .filter(benchmark::workload.eq(scope.workload.as_str()))
        .filter(benchmark::revision.eq_any(revisions))
        // The order of a ranking: within a rank by name, then by provider.
        .order((benchmark::rank, benchmark::llm_name, benchmark::provider))
        .select(BenchmarkRow::as_select())
        .into_boxed();
    if let Some(Llm { name, provider }) = llm {
        rows = rows.filter(benchmark::llm_name.eq(name.as_str()));
        rows = match provider {
            Some(provider) => rows.filter(benchmark::provider.eq(provider.as_str())),
            None => rows.filter(benchmark::provider.is_null()),
        };
    }
    let rows: Vec<BenchmarkRow> = rows.load(connection)?;
    let mut entries: HashMap<i64, Vec<_>> = HashMap::new();
    for row in rows {
        entries.entry(row.revision).or_default().push(row.try_into()?);
    }
    let publication = |published: Published| {
        let publication = Publication {
            scope: scope.clone(),
            published_at: published_moment(scope, &published)?,
            entries: entries.remove(&published.0).unwrap_or_default(),
        };
        Ok((Revision(published.0), publication))
    };
    published.into_iter().map(publication).collect()
}

fn published_moment(
    scope: &RankingScope,
    (revision, at): &Published,
) -> Result<Timestamp, StoreError> {
    let unreadable = || StoreError::corrupt(format!("publication {revision} of {scope}"));
    timestamp(at).ok_or_else(unreadable)
}
