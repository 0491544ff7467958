//! The runs of a day as one pool, kept as runs are recorded.

use std::collections::HashMap;
use std::pin::pin;

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{Entrants, LlmId, PoolKey, PooledRuns, RankingScope, Run, metrics};
use benchmark_ports::StoreError;
use diesel::data_types::PgTimestamp;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{Stream, TryStreamExt};

use crate::bulk_insert::BulkInsert;
use crate::columns::moment;
use crate::failure::Failure;
use crate::record::hold;
use crate::rows::{LlmRow, RunRow, WorkloadRow};
use crate::run_store::with_measurements;
use crate::schema::{llms, pooled_runs, runs, workloads};

/// A pool in its table.
#[derive(QueryableByName)]
#[diesel(table_name = pooled_runs)]
struct PoolRow {
    metric: String,
    workload: String,
    day: PgTimestamp,
    llm_id: Uuid,
    pool: Vec<u8>,
}

impl PoolRow {
    fn of(key: &PoolKey, runs: &PooledRuns) -> Self {
        let PoolKey { metric, workload, day, llm: LlmId(llm_id) } = key;
        Self {
            metric: metric.to_string(),
            workload: workload.to_string(),
            day: moment(day.starts_at()),
            llm_id: *llm_id,
            pool: runs.to_bytes(),
        }
    }

    /// The insertion of pools, in place of those that are there.
    fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("pooled_runs", rows)
            .column::<Text, _>("metric", |row| row.metric.as_str())
            .column::<Text, _>("workload", |row| row.workload.as_str())
            .column::<Timestamptz, _>("day", |row| row.day)
            .column::<SqlUuid, _>("llm_id", |row| row.llm_id)
            .column::<Binary, _>("pool", |row| row.pool.as_slice())
            .ending(
                "ON CONFLICT (metric, workload, day, llm_id) DO UPDATE SET pool = excluded.pool",
            )
    }
}

/// Adds runs to the pools of their days. None may be in them. The transaction
/// [holds](hold) their LLMs, so that nobody else adds to the same pools.
pub(crate) async fn add<'a>(
    connection: &mut AsyncPgConnection,
    runs: impl Iterator<Item = &'a Run>,
) -> Result<(), Failure> {
    const KNOWN: &str = "SELECT metric, workload, day, llm_id, pool FROM pooled_runs \
         WHERE (metric, workload, day, llm_id) IN (SELECT * FROM unnest($1, $2, $3, $4))";
    let mut pools = PooledRuns::by_day(runs);
    let metrics: Vec<_> = pools.keys().map(|key| key.metric.as_str()).collect();
    let workloads: Vec<_> = pools.keys().map(|key| key.workload.as_str()).collect();
    let days: Vec<_> = pools.keys().map(|key| moment(key.day.starts_at())).collect();
    let llms: Vec<_> = pools.keys().map(|key| key.llm.0).collect();
    let known: Vec<PoolRow> = diesel::sql_query(KNOWN)
        .bind::<Array<Text>, _>(metrics)
        .bind::<Array<Text>, _>(workloads)
        .bind::<Array<Timestamptz>, _>(days)
        .bind::<Array<SqlUuid>, _>(llms)
        .load(connection)
        .await?;
    let place =
        |PoolRow { metric, workload, day, llm_id, pool }| ((metric, workload, day.0, llm_id), pool);
    let mut known: HashMap<_, _> = known.into_iter().map(place).collect();
    for (key, pool) in &mut pools {
        let (metric, workload) = (key.metric.to_string(), key.workload.to_string());
        let place = (metric, workload, moment(key.day.starts_at()).0, key.llm.0);
        if let Some(bytes) = known.remove(&place) {
            pool.merge(&read(&bytes, key.llm.0)?);
        }
    }
    let rows: Vec<_> = pools.iter().map(|(key, runs)| PoolRow::of(key, runs)).collect();
    PoolRow::insertion(&rows).execute(connection).await?;
    Ok(())
}

/// Adds to entrants what the pools of a scope say from a day on, and all requests
/// on the workload: in the pools of the rate of errors is every run.
pub(crate) async fn add_from(
    entrants: &mut Entrants,
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    day: PgTimestamp,
) -> Result<(), Failure> {
    let pools = pooled_runs::table
        .inner_join(llms::table)
        .filter(pooled_runs::metric.eq(scope.metric.as_str()))
        .filter(pooled_runs::workload.eq(scope.workload.as_str()))
        .filter(pooled_runs::day.ge(day))
        .select((LlmRow::as_select(), pooled_runs::pool))
        .load_stream::<(LlmRow, Vec<u8>)>(connection)
        .await?;
    let mut pools = pin!(pools);
    while let Some((llm, pool)) = pools.try_next().await? {
        let runs = read(&pool, llm.id)?;
        entrants.add_runs(llm.try_into()?, &runs);
    }
    let heads = pooled_runs::table
        .filter(pooled_runs::metric.eq(metrics::ERROR_RATE.as_str()))
        .filter(pooled_runs::workload.eq(scope.workload.as_str()))
        .filter(pooled_runs::day.ge(day))
        .select((pooled_runs::llm_id, substr(pooled_runs::pool, 1, HEAD)))
        .load_stream(connection)
        .await?;
    add_requests(entrants, heads).await
}

/// Adds to entrants the requests of the days that came after that of each LLM's
/// latest run of a scope.
pub(crate) async fn add_requests_since_latest(
    entrants: &mut Entrants,
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
) -> Result<(), Failure> {
    // Laterally, and behind `OFFSET`, so that it goes down an index for each LLM, not
    // through the pools of all days.
    const SINCE_LATEST: &str = "SELECT latest_runs.llm_id, since.head \
         FROM latest_runs CROSS JOIN LATERAL ( \
             SELECT substr(pool, 1, $1) AS head FROM pooled_runs \
             WHERE metric = $2 AND workload = latest_runs.workload \
                 AND llm_id = latest_runs.llm_id AND day > latest_runs.started_at OFFSET 0 \
         ) AS since WHERE latest_runs.metric = $3 AND latest_runs.workload = $4";
    let heads = diesel::sql_query(SINCE_LATEST)
        .bind::<Integer, _>(HEAD)
        .bind::<Text, _>(metrics::ERROR_RATE.as_str())
        .bind::<Text, _>(scope.metric.as_str())
        .bind::<Text, _>(scope.workload.as_str())
        .load_stream(connection)
        .await?;
    add_requests(entrants, heads).await
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// So many bytes, from the one of this number on.
    fn substr(bytes: Binary, from: Integer, count: Integer) -> Binary;
}

/// How many bytes of a pool tell its requests.
const HEAD: i32 = PooledRuns::REQUESTS_WITHIN as i32;

/// Whose a pool is, and those bytes of it.
#[derive(Queryable, QueryableByName)]
struct Head {
    #[diesel(sql_type = SqlUuid)]
    llm_id: Uuid,
    #[diesel(sql_type = Binary)]
    head: Vec<u8>,
}

async fn add_requests(
    entrants: &mut Entrants,
    heads: impl Stream<Item = QueryResult<Head>>,
) -> Result<(), Failure> {
    let mut heads = pin!(heads);
    while let Some(Head { llm_id, head }) = heads.try_next().await? {
        let requests = PooledRuns::requests_in(&head).map_err(|_| corrupt_pool(llm_id))?;
        entrants.add_requests(LlmId(llm_id), requests);
    }
    Ok(())
}

fn read(bytes: &[u8], llm_id: Uuid) -> Result<PooledRuns, StoreError> {
    PooledRuns::from_bytes(bytes).map_err(|_| corrupt_pool(llm_id))
}

fn corrupt_pool(llm_id: Uuid) -> StoreError {
    StoreError::corrupt(format!("the pooled runs of LLM {llm_id}"))
}

/// Whether there are runs that a version recorded which pools none.
pub(crate) async fn are_waiting(connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
    let waiting = exists(runs::table.filter(not(runs::pooled)));
    Ok(diesel::select(waiting).get_result(connection).await?)
}

/// Some of the runs that a version recorded which pools none, behind the one of
/// the given id, in the order of their ids; none if there are no more.
pub(crate) async fn waiting(
    connection: &mut AsyncPgConnection,
    after: Uuid,
) -> Result<Vec<Uuid>, Failure> {
    const AT_ONCE: i64 = 500;
    // So that nothing is looked for where nothing is.
    if !are_waiting(connection).await? {
        return Ok(Vec::new());
    }
    Ok(runs::table
        .filter(not(runs::pooled))
        .filter(runs::id.gt(after))
        .order(runs::id)
        .limit(AT_ONCE)
        .select(runs::id)
        .load(connection)
        .await?)
}

/// Takes in those of these runs that are still waiting.
pub(crate) async fn take_in(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<(), Failure> {
    let llms: Vec<Uuid> = runs::table
        .filter(runs::id.eq_any(ids))
        .select(runs::llm_id)
        .distinct()
        .load(connection)
        .await?;
    hold(connection, llms).await?;
    // Another process may have taken them in before it let the LLMs go.
    let found: Vec<(RunRow, LlmRow, WorkloadRow)> = runs::table
        .inner_join(llms::table)
        .inner_join(workloads::table)
        .filter(not(runs::pooled))
        .filter(runs::id.eq_any(ids))
        .select(<(RunRow, LlmRow, WorkloadRow)>::as_select())
        .load(connection)
        .await?;
    let taken: Vec<_> = found.iter().map(|(run, ..)| run.id).collect();
    let recorded = with_measurements(connection, found).await?;
    let rankable = recorded.iter().filter(|recorded| recorded.verdict.is_rankable());
    add(connection, rankable.map(|recorded| &recorded.run)).await?;
    diesel::update(runs::table.filter(runs::id.eq_any(taken)))
        .set(runs::pooled.eq(true))
        .execute(connection)
        .await?;
    Ok(())
}
