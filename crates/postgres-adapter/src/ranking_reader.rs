use std::collections::HashMap;

use async_trait::async_trait;
use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    Day, Entrants, Grade, HistorySpan, Llm, LlmId, PooledRuns, Publication, RankingScope, Requests,
    RunId, RunMeasurement, Source, Timestamp, Window, metrics,
};
use benchmark_ports::{Contenders, CurrentRanking, PageLimit, RankingReader, Revision, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;

use crate::PostgresStore;
use crate::columns::{moment, timestamp};
use crate::failure::Failure;
use crate::pooled_runs::{self, Pooled};
use crate::rows::{BenchmarkRow, LlmRow, MeasurementRow, requests};
use crate::schema::{benchmark, latest_runs, llms, publications, rankings, run_metrics, runs};

#[async_trait]
impl RankingReader for PostgresStore {
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
    ) -> Result<Contenders, StoreError> {
        let scope = scope.clone();
        self.snapshot(move |connection| {
            let scope = scope.clone();
            async move { contenders(connection, &scope, window, now).await }.boxed()
        })
        .await
    }

    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError> {
        let scope = scope.clone();
        self.read(move |connection| {
            let scope = scope.clone();
            async move { current(connection, scope).await }.boxed()
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
        self.snapshot(move |connection| {
            let (scope, llm) = (scope.clone(), llm.clone());
            async move { history(connection, &scope, span, llm.as_ref(), limit.get()).await }
                .boxed()
        })
        .await
    }
}

async fn contenders(
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
    let entrants = match window {
        Window::Latest => latest(connection, scope).await?,
        Window::Hours(_) | Window::All => {
            started_from(connection, scope, window.starts_at(now)).await?
        }
    };
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

async fn latest(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
) -> Result<Entrants, Failure> {
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
        .load(connection)
        .await?;
    let mut entrants = Entrants::default();
    add_runs(&mut entrants, measured)?;
    add_requests(&mut entrants, counts_from_latest(connection, scope).await?)?;
    Ok(entrants)
}

/// What started from a moment on, if not at any time: by the pools of the days
/// that lie in there wholly, and run by run what started before the first of
/// them, and what is not pooled yet.
async fn started_from(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    start: Option<Timestamp>,
) -> Result<Entrants, Failure> {
    let first_day = start.map(Day::first_from);
    let mut entrants = Entrants::default();
    for pooled in pooled_runs::from_day(connection, scope, first_day).await? {
        let Pooled { llm, metric, runs } = pooled;
        if metric == metrics::ERROR_RATE.as_str() {
            entrants.add_requests(llm.id(), runs.requests());
        }
        if metric == scope.metric.as_str() {
            entrants.add_runs(llm, &runs);
        }
    }
    // `-infinity`, which every moment comes after.
    let pooled_from = first_day.map_or(PgTimestamp(i64::MIN), |day| moment(day.starts_at()));
    if let Some(from) = start.map(moment).filter(|start| *start < pooled_from) {
        add_runs(&mut entrants, started_between(connection, scope, from, pooled_from).await?)?;
        add_requests(&mut entrants, counts_between(connection, scope, from, pooled_from).await?)?;
    }
    if pooled_runs::are_waiting(connection).await? {
        add_runs(&mut entrants, not_pooled(connection, scope, pooled_from).await?)?;
        add_requests(&mut entrants, counts_not_pooled(connection, scope, pooled_from).await?)?;
    }
    Ok(entrants)
}

async fn started_between(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    from: PgTimestamp,
    to: PgTimestamp,
) -> Result<Vec<Measured>, Failure> {
    Ok(run_metrics::table
        .inner_join(runs::table.inner_join(llms::table))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .filter(run_metrics::workload.eq(scope.workload.as_str()))
        .filter(run_metrics::started_at.ge(from))
        .filter(run_metrics::started_at.lt(to))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .select(Measured::as_select())
        .load(connection)
        .await?)
}

async fn not_pooled(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    from: PgTimestamp,
) -> Result<Vec<Measured>, Failure> {
    Ok(runs::table
        .inner_join(run_metrics::table)
        .inner_join(llms::table)
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .filter(run_metrics::metric.eq(scope.metric.as_str()))
        .select(Measured::as_select())
        .load(connection)
        .await?)
}

/// How many requests an LLM's runs sent, and how many of them failed.
type Counts = (Uuid, f64, f64);

/// Sums that do not overflow, and are exact up to [`Requests::MAX`].
const ATTEMPTED: &str = "sum(runs.attempted_requests::double precision)";
const FAILED: &str = "sum(runs.failed_requests::double precision)";

/// The counts of each LLM's latest run of a scope and of all that came later.
async fn counts_from_latest(
    connection: &mut AsyncPgConnection,
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
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .group_by(latest_runs::llm_id)
        .select((latest_runs::llm_id, sql::<Double>(ATTEMPTED), sql::<Double>(FAILED)))
        .load(connection)
        .await?)
}

async fn counts_between(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    from: PgTimestamp,
    to: PgTimestamp,
) -> Result<Vec<Counts>, Failure> {
    Ok(runs::table
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::started_at.lt(to))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, sql::<Double>(ATTEMPTED), sql::<Double>(FAILED)))
        .load(connection)
        .await?)
}

async fn counts_not_pooled(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    from: PgTimestamp,
) -> Result<Vec<Counts>, Failure> {
    Ok(runs::table
        .filter(not(runs::pooled))
        .filter(runs::workload.eq(scope.workload.as_str()))
        .filter(runs::started_at.ge(from))
        .filter(runs::verdict.is_distinct_from(UNRANKABLE))
        .group_by(runs::llm_id)
        .select((runs::llm_id, sql::<Double>(ATTEMPTED), sql::<Double>(FAILED)))
        .load(connection)
        .await?)
}

/// Adds runs one by one.
fn add_runs(entrants: &mut Entrants, measured: Vec<Measured>) -> Result<(), StoreError> {
    for (llm, run, measurement) in measured {
        let id = run.id;
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
        let requests =
            requests.ok_or_else(|| StoreError::corrupt(format!("a run of LLM {llm_id}")))?;
        entrants.add_requests(LlmId(llm_id), requests);
    }
    Ok(())
}

fn run_measurement(run: RunColumns, measurement: MeasurementRow) -> Option<RunMeasurement> {
    let RunColumns { id, source, started_at, attempted_requests, failed_requests } = run;
    Some(RunMeasurement {
        run: RunId(id),
        started_at: timestamp(started_at)?,
        source: Source::parse(&source)?,
        requests: requests(attempted_requests, failed_requests)?,
        measurement: measurement.read()?,
    })
}

/// The newest publication, in one statement: that is what every ranking which is
/// not cached costs.
async fn current(
    connection: &mut AsyncPgConnection,
    scope: RankingScope,
) -> Result<Option<CurrentRanking>, Failure> {
    let newest = (publications::metric.eq(rankings::metric))
        .and(publications::workload.eq(rankings::workload))
        .and(rankings::published_revision.eq(publications::revision.nullable()));
    let of_it = (benchmark::metric.eq(publications::metric))
        .and(benchmark::workload.eq(publications::workload))
        .and(benchmark::revision.eq(publications::revision));
    let rows: Vec<(i64, i64, PgTimestamp, Option<BenchmarkRow>)> = rankings::table
        .inner_join(publications::table.on(newest))
        .left_join(benchmark::table.on(of_it))
        .filter(rankings::metric.eq(scope.metric.as_str()))
        .filter(rankings::workload.eq(scope.workload.as_str()))
        // The order of a ranking: within a rank by name, then by provider.
        .order((
            benchmark::rank.asc(),
            benchmark::llm_name.asc(),
            benchmark::provider.asc().nulls_first(),
        ))
        .select((
            rankings::revision,
            publications::revision,
            publications::published_at,
            Option::<BenchmarkRow>::as_select(),
        ))
        .load(connection)
        .await?;
    let Some(&(revision, published, published_at, _)) = rows.as_slice().first() else {
        return Ok(None);
    };
    let entries = rows.into_iter().filter_map(|(.., entry)| entry);
    let publication = Publication {
        published_at: published_moment(&scope, published, published_at)?,
        entries: entries.map(TryInto::try_into).collect::<Result<_, StoreError>>()?,
        scope,
    };
    Ok(Some(CurrentRanking { publication, up_to_date: published >= revision }))
}

async fn history(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    span: HistorySpan,
    llm: Option<&Llm>,
    limit: usize,
) -> Result<Vec<(Revision, Publication)>, Failure> {
    let mut published = published_in(connection, scope, span, limit).await?;
    published.reverse();
    let revisions: Vec<_> = published.iter().map(|published| published.revision).collect();
    let mut rows = benchmark::table
        .filter(benchmark::metric.eq(scope.metric.as_str()))
        .filter(benchmark::workload.eq(scope.workload.as_str()))
        .filter(benchmark::revision.eq_any(revisions))
        // The order of a ranking: within a rank by name, then by provider.
        .order((
            benchmark::rank.asc(),
            benchmark::llm_name.asc(),
            benchmark::provider.asc().nulls_first(),
        ))
        .select(BenchmarkRow::as_select())
        .into_boxed();
    if let Some(Llm { name, provider }) = llm {
        rows = rows.filter(benchmark::llm_name.eq(name.as_str()));
        rows = match provider {
            Some(provider) => rows.filter(benchmark::provider.eq(provider.as_str())),
            None => rows.filter(benchmark::provider.is_null()),
        };
    }
    let rows: Vec<BenchmarkRow> = rows.load(connection).await?;
    let mut entries: HashMap<i64, Vec<_>> = HashMap::new();
    for row in rows {
        entries.entry(row.revision).or_default().push(row.try_into()?);
    }
    let publication = |Published { revision, published_at }| {
        let publication = Publication {
            scope: scope.clone(),
            published_at: published_moment(scope, revision, published_at)?,
            entries: entries.remove(&revision).unwrap_or_default(),
        };
        Ok((Revision(revision), publication))
    };
    published.into_iter().map(publication).collect()
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = publications)]
struct Published {
    revision: i64,
    published_at: PgTimestamp,
}

/// From the last publication of a span to the last one before its bucket, and so
/// on: one step down the index for each bucket that has a publication. Rows are
/// made as they are fetched, so that `LIMIT` ends the recursion.
const LAST_OF_EACH_BUCKET: &str = "\
    WITH RECURSIVE shown (revision, published_at) AS ( \
        (SELECT revision, published_at FROM publications \
         WHERE metric = $1 AND workload = $2 AND published_at >= $3 AND published_at < $4 \
         ORDER BY published_at DESC, revision DESC LIMIT 1) \
        UNION ALL \
        SELECT earlier.revision, earlier.published_at FROM shown CROSS JOIN LATERAL ( \
            SELECT revision, published_at FROM publications \
            WHERE metric = $1 AND workload = $2 AND published_at >= $3 \
                AND published_at < to_timestamp( \
                    (floor(extract(epoch FROM shown.published_at) / $5) * $5)::double precision) \
            ORDER BY published_at DESC, revision DESC LIMIT 1) AS earlier \
    ) SELECT revision, published_at FROM shown LIMIT $6";

/// The last `limit` publications of a span, the last one first.
async fn published_in(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    span: HistorySpan,
    limit: usize,
) -> Result<Vec<Published>, Failure> {
    let (metric, workload) = (scope.metric.as_str(), scope.workload.as_str());
    // `-infinity` and `infinity`, between which every moment lies.
    let from = span.from().map_or(PgTimestamp(i64::MIN), moment);
    let to = span.to().map_or(PgTimestamp(i64::MAX), moment);
    if let Some(bucket) = span.bucket() {
        let last_of_each = sql_query(LAST_OF_EACH_BUCKET)
            .bind::<Text, _>(metric)
            .bind::<Text, _>(workload)
            .bind::<Timestamptz, _>(from)
            .bind::<Timestamptz, _>(to)
            .bind::<BigInt, _>(bucket.seconds())
            .bind::<BigInt, _>(limit as i64);
        return Ok(last_of_each.load(connection).await?);
    }
    Ok(publications::table
        .filter(publications::metric.eq(metric))
        .filter(publications::workload.eq(workload))
        .filter(publications::published_at.ge(from))
        .filter(publications::published_at.lt(to))
        .order((publications::published_at.desc(), publications::revision.desc()))
        .limit(limit as i64)
        .select(Published::as_select())
        .load(connection)
        .await?)
}

fn published_moment(
    scope: &RankingScope,
    revision: i64,
    at: PgTimestamp,
) -> Result<Timestamp, StoreError> {
    let unreadable = || StoreError::corrupt(format!("publication {revision} of {scope}"));
    timestamp(at).ok_or_else(unreadable)
}
