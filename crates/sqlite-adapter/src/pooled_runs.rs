//! The runs of a day as one pool, kept as runs are recorded.

use benchmark_domain::{Entrants, LlmId, PoolKey, PooledRuns, RankingScope, Run, metrics};
use benchmark_ports::StoreError;
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};

use crate::columns::{timestamp_text, uuid};
use crate::failure::Failure;
use crate::rows::{LlmRow, RunRow, WorkloadRow};
use crate::run_store::with_measurements;
use crate::schema::{llms, pooled_runs, runs, workloads};

/// Adds runs to the pools of their days. None may be in them.
pub(crate) fn add<'a>(
    connection: &mut SqliteConnection,
    runs: impl IntoIterator<Item = &'a Run>,
) -> Result<(), Failure> {
    for (key, pool) in PooledRuns::by_day(runs) {
        let PoolKey { metric, workload, llm, day } = &key;
        let (llm_id, day) = (llm.to_string(), timestamp_text(day.starts_at()));
        let known: Option<Vec<u8>> = pooled_runs::table
            .find((metric.as_str(), workload.as_str(), &llm_id, &day))
            .select(pooled_runs::pool)
            .first(connection)
            .optional()?;
        let mut all = match known {
            Some(bytes) => read(&bytes, &llm_id)?,
            None => PooledRuns::default(),
        };
        all.merge(&pool);
        diesel::replace_into(pooled_runs::table)
            .values((
                pooled_runs::metric.eq(metric.as_str()),
                pooled_runs::workload.eq(workload.as_str()),
                pooled_runs::llm_id.eq(&llm_id),
                pooled_runs::day.eq(&day),
                pooled_runs::pool.eq(all.to_bytes()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// A query for the pools of a metric, `?3`, of each LLM that measured the metric of a
/// scope, `?1` and `?2`, from a day on.
///
/// By a cross join, which SQLite takes in the order given, so that it goes down the
/// key for each LLM, not through the pools of all days.
fn pools_of_each(selected: &str, from: &str) -> String {
    format!(
        "SELECT {selected} FROM latest_runs \
         CROSS JOIN llms ON llms.id = latest_runs.llm_id \
         CROSS JOIN pooled_runs AS pools ON pools.metric = ?3 \
             AND pools.workload = latest_runs.workload \
             AND pools.llm_id = latest_runs.llm_id AND pools.{from} \
         WHERE latest_runs.metric = ?1 AND latest_runs.workload = ?2"
    )
}

/// Adds to entrants what the pools of a scope say from a day on, and all requests
/// on the workload: in the pools of the rate of errors is every run.
pub(crate) fn add_from(
    entrants: &mut Entrants,
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    day: &str,
) -> Result<(), Failure> {
    let pools = pools_of_each("llms.id, llms.name, llms.provider, pools.pool", "day >= ?4");
    let pools = diesel::sql_query(pools)
        .bind::<Text, _>(scope.metric.as_str())
        .bind::<Text, _>(scope.workload.as_str())
        .bind::<Text, _>(scope.metric.as_str())
        .bind::<Text, _>(day)
        .load_iter::<PoolOfLlm, DefaultLoadingMode>(connection)?;
    for pool in pools {
        let PoolOfLlm { llm, pool } = pool?;
        let runs = read(&pool, &llm.id)?;
        entrants.add_runs(llm.try_into()?, &runs);
    }
    let of_all = metrics::ERROR_RATE;
    let heads = diesel::sql_query(pools_of_each(&head(), "day >= ?4"))
        .bind::<Text, _>(scope.metric.as_str())
        .bind::<Text, _>(scope.workload.as_str())
        .bind::<Text, _>(of_all.as_str())
        .bind::<Text, _>(day)
        .load_iter::<Head, DefaultLoadingMode>(connection)?;
    add_requests(entrants, heads)
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
    #[diesel(sql_type = Text)]
    llm_id: String,
    #[diesel(sql_type = Binary)]
    head: Vec<u8>,
}

/// What is selected of a pool to make it.
fn head() -> String {
    format!("llms.id AS llm_id, substr(pools.pool, 1, {}) AS head", PooledRuns::REQUESTS_WITHIN)
}

fn add_requests(
    entrants: &mut Entrants,
    heads: impl Iterator<Item = QueryResult<Head>>,
) -> Result<(), Failure> {
    for head in heads {
        let Head { llm_id, head } = head?;
        let requests = uuid(&llm_id).zip(PooledRuns::requests_in(&head).ok());
        let (id, requests) = requests.ok_or_else(|| corrupt_pool(&llm_id))?;
        entrants.add_requests(LlmId(id), requests);
    }
    Ok(())
}

fn read(bytes: &[u8], llm_id: &str) -> Result<PooledRuns, StoreError> {
    PooledRuns::from_bytes(bytes).map_err(|_| corrupt_pool(llm_id))
}

fn corrupt_pool(llm_id: &str) -> StoreError {
    StoreError::corrupt(format!("the pooled runs of LLM {llm_id}"))
}

/// Whether there are runs that a version recorded which pools none.
pub(crate) fn are_waiting(connection: &mut SqliteConnection) -> Result<bool, Failure> {
    Ok(diesel::select(exists(runs::table.filter(not(runs::pooled)))).get_result(connection)?)
}

/// Some of the runs that a version recorded which pools none, behind the one of
/// the given id, in the order of their ids; none if there are no more.
pub(crate) fn waiting(
    connection: &mut SqliteConnection,
    after: &str,
) -> Result<Vec<String>, Failure> {
    const AT_ONCE: i64 = 500;
    // So that nothing is looked for where nothing is.
    if !are_waiting(connection)? {
        return Ok(Vec::new());
    }
    Ok(runs::table
        .filter(not(runs::pooled))
        .filter(runs::id.gt(after))
        .order(runs::id)
        .limit(AT_ONCE)
        .select(runs::id)
        .load(connection)?)
}

/// Takes in those of these runs that are still waiting.
pub(crate) fn take_in(connection: &mut SqliteConnection, ids: &[String]) -> Result<(), Failure> {
    let found: Vec<(RunRow, LlmRow, WorkloadRow)> = runs::table
        .inner_join(llms::table)
        .inner_join(workloads::table)
        .filter(not(runs::pooled))
        .filter(runs::id.eq_any(ids))
        .select(<(RunRow, LlmRow, WorkloadRow)>::as_select())
        .load(connection)?;
    let taken: Vec<_> = found.iter().map(|(run, ..)| run.id.clone()).collect();
    let recorded = with_measurements(connection, found)?;
    let rankable = recorded.iter().filter(|recorded| recorded.verdict.is_rankable());
    add(connection, rankable.map(|recorded| &recorded.run))?;
    diesel::update(runs::table.filter(runs::id.eq_any(taken)))
        .set(runs::pooled.eq(true))
        .execute(connection)?;
    Ok(())
}
