//! The runs of a day as one pool, kept as runs are recorded.

use std::collections::BTreeMap;
use std::pin::pin;

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{Entrants, LlmId, PoolKey, PooledRuns, RankingScope, metrics};
use benchmark_ports::StoreError;
use diesel::data_types::PgTimestamp;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text, Timestamptz, Uuid as SqlUuid};
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
struct PoolRow {
    key: PoolKey,
    pool: Vec<u8>,
}

impl PoolRow {
    /// The insertion of pools, in place of those that are there.
    fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("pooled_runs", rows)
            .column::<Text, _>("metric", |row| row.key.metric.as_str())
            .column::<Text, _>("workload", |row| row.key.workload.as_str())
            .column::<SqlUuid, _>("llm_id", |row| row.key.llm.0)
            .column::<Timestamptz, _>("day", |row| moment(row.key.day.starts_at()))
            .column::<Binary, _>("pool", |row| row.pool.as_slice())
            .ending(
                "ON CONFLICT (metric, workload, llm_id, day) DO UPDATE SET pool = excluded.pool",
            )
    }
}

/// A pool that is there, and which of those to be added is for it, counted from 1.
#[derive(QueryableByName)]
struct KnownPool {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Binary)]
    pool: Vec<u8>,
}

/// Adds runs, pooled by days, to the pools of those days. None may be in them. The
/// transaction [holds](hold) their LLMs, so that nobody else adds to the same pools.
pub(crate) async fn add(
    connection: &mut AsyncPgConnection,
    pools: BTreeMap<PoolKey, PooledRuns>,
) -> Result<(), Failure> {
    const KNOWN: &str = "SELECT place, pool FROM unnest($1, $2, $3, $4) \
             WITH ORDINALITY AS added (metric, workload, llm_id, day, place) \
         INNER JOIN pooled_runs USING (metric, workload, llm_id, day)";
    let metrics: Vec<_> = pools.keys().map(|key| key.metric.as_str()).collect();
    let workloads: Vec<_> = pools.keys().map(|key| key.workload.as_str()).collect();
    let llms: Vec<_> = pools.keys().map(|key| key.llm.0).collect();
    let days: Vec<_> = pools.keys().map(|key| moment(key.day.starts_at())).collect();
    let known = diesel::sql_query(KNOWN)
        .bind::<Array<Text>, _>(metrics)
        .bind::<Array<Text>, _>(workloads)
        .bind::<Array<SqlUuid>, _>(llms)
        .bind::<Array<Timestamptz>, _>(days)
        .load_stream::<KnownPool>(connection)
        .await?;
    let mut pools: Vec<_> = pools.into_iter().collect();
    let mut known = pin!(known);
    while let Some(KnownPool { place, pool }) = known.try_next().await? {
        let (key, runs) = &mut pools[place as usize - 1];
        runs.merge(&read(&pool, key.llm.0)?);
    }
    let row = |(key, runs): (_, PooledRuns)| PoolRow { key, pool: runs.to_bytes() };
    let rows: Vec<_> = pools.into_iter().map(row).collect();
    PoolRow::insertion(&rows).execute(connection).await?;
    Ok(())
}

/// A query for the pools of a metric, `$3`, of each LLM that measured the metric of a
/// scope, `$1` and `$2`, from a day on.
///
/// Laterally, and behind `OFFSET`, so that it goes down the key for each LLM, not
/// through the pools of all days.
fn pools_of_each(selected: &str, from: &str) -> String {
    format!(
        "SELECT {selected} FROM latest_runs \
         INNER JOIN llms ON llms.id = latest_runs.llm_id CROSS JOIN LATERAL ( \
             SELECT pool FROM pooled_runs \
             WHERE metric = $3 AND workload = latest_runs.workload \
                 AND llm_id = latest_runs.llm_id AND {from} OFFSET 0 \
         ) AS pools WHERE latest_runs.metric = $1 AND latest_runs.workload = $2"
    )
}

/// Adds to entrants what the pools of a scope say from a day on, and all requests
/// on the workload: in the pools of the rate of errors is every run.
pub(crate) async fn add_from(
    entrants: &mut Entrants,
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    day: PgTimestamp,
) -> Result<(), Failure> {
    let pools = pools_of_each("llms.id, llms.name, llms.provider, pools.pool", "day >= $4");
    let pools = diesel::sql_query(pools)
        .bind::<Text, _>(scope.metric.as_str())
        .bind::<Text, _>(scope.workload.as_str())
        .bind::<Text, _>(scope.metric.as_str())
        .bind::<Timestamptz, _>(day)
        .load_stream::<PoolOfLlm>(connection)
        .await?;
    let mut pools = pin!(pools);
    while let Some(PoolOfLlm { llm, pool }) = pools.try_next().await? {
        let runs = read(&pool, llm.id)?;
        entrants.add_runs(llm.try_into()?, &runs);
    }
    let heads = diesel::sql_query(pools_of_each(&head(), "day >= $4"))
        .bind::<Text, _>(scope.metric.as_str())
        .bind::<Text, _>(scope.workload.as_str())
        .bind::<Text, _>(metrics::ERROR_RATE.as_str())
        .bind::<Timestamptz, _>(day)
        .load_stream(connection)
        .await?;
    add_requests(entrants, heads).await
}

/// A pool, and whose it is.
#[derive(QueryableByName)]
#[diesel(table_name = pooled_runs)]
struct PoolOfLlm {
    #[diesel(embed)]
    llm: LlmRow,
    pool: Vec<u8>,
}

/// Whose a pool is, and those of its bytes that tell its requests.
#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = SqlUuid)]
    llm_id: Uuid,
    #[diesel(sql_type = Binary)]
    head: Vec<u8>,
}

/// What is selected of a pool to make it.
fn head() -> String {
    format!("llms.id AS llm_id, substr(pools.pool, 1, {}) AS head", PooledRuns::REQUESTS_WITHIN)
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
    add(connection, PooledRuns::by_day(rankable.map(|recorded| &recorded.run))).await?;
    diesel::update(runs::table.filter(runs::id.eq_any(taken)))
        .set(runs::pooled.eq(true))
        .execute(connection)
        .await?;
    Ok(())
}
