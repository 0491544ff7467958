//! The runs of a day as one pool, kept as runs are recorded.

use benchmark_domain::{Day, Llm, PoolKey, PooledRuns, RankingScope, Run, metrics};
use benchmark_ports::StoreError;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::columns::timestamp_text;
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
        let PoolKey { metric, workload, day, llm } = &key;
        let (day, llm_id) = (timestamp_text(day.starts_at()), llm.to_string());
        let known: Option<Vec<u8>> = pooled_runs::table
            .find((metric.as_str(), workload.as_str(), &day, &llm_id))
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
                pooled_runs::day.eq(&day),
                pooled_runs::llm_id.eq(&llm_id),
                pooled_runs::pool.eq(all.to_bytes()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// A pool as it is read.
pub(crate) struct Pooled {
    pub(crate) llm: Llm,
    pub(crate) metric: String,
    pub(crate) runs: PooledRuns,
}

/// The pools of a scope from a day on, and those of the rate of errors, in which
/// every run of the workload is: they know all requests.
pub(crate) fn from_day(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    day: Option<Day>,
) -> Result<Vec<Pooled>, Failure> {
    // Every moment's text comes after the empty one.
    let day = day.map(|day| timestamp_text(day.starts_at())).unwrap_or_default();
    let found: Vec<(LlmRow, String, Vec<u8>)> = pooled_runs::table
        .inner_join(llms::table)
        .filter(pooled_runs::metric.eq_any([scope.metric.as_str(), metrics::ERROR_RATE.as_str()]))
        .filter(pooled_runs::workload.eq(scope.workload.as_str()))
        .filter(pooled_runs::day.ge(day))
        .select((LlmRow::as_select(), pooled_runs::metric, pooled_runs::pool))
        .load(connection)?;
    let pooled = |(llm, metric, bytes): (LlmRow, String, Vec<u8>)| {
        let runs = read(&bytes, &llm.id)?;
        Ok(Pooled { llm: llm.try_into()?, metric, runs })
    };
    found.into_iter().map(pooled).collect()
}

fn read(bytes: &[u8], llm_id: &str) -> Result<PooledRuns, StoreError> {
    PooledRuns::from_bytes(bytes)
        .map_err(|_| StoreError::corrupt(format!("the pooled runs of LLM {llm_id}")))
}

/// Whether there are runs that a version recorded which pools none.
pub(crate) fn are_waiting(connection: &mut SqliteConnection) -> Result<bool, Failure> {
    Ok(diesel::select(exists(runs::table.filter(not(runs::pooled)))).get_result(connection)?)
}

/// Takes in some of the runs that a version recorded which pools none, behind the
/// one of the given id. Tells the last one; `None` if there is none any more.
pub(crate) fn take_in(
    connection: &mut SqliteConnection,
    after: &str,
) -> Result<Option<String>, Failure> {
    const AT_ONCE: i64 = 500;
    let found: Vec<(RunRow, LlmRow, WorkloadRow)> = runs::table
        .inner_join(llms::table)
        .inner_join(workloads::table)
        .filter(not(runs::pooled))
        .filter(runs::id.gt(after))
        .order(runs::id)
        .limit(AT_ONCE)
        .select(<(RunRow, LlmRow, WorkloadRow)>::as_select())
        .load(connection)?;
    let ids: Vec<_> = found.iter().map(|(run, ..)| run.id.clone()).collect();
    match with_measurements(connection, found) {
        // What cannot be read stays where it is, and whoever asks for it is told.
        Err(Failure(StoreError::Corrupt { .. })) => {}
        recorded => {
            let recorded = recorded?;
            let rankable = recorded.iter().filter(|recorded| recorded.verdict.is_rankable());
            add(connection, rankable.map(|recorded| &recorded.run))?;
            diesel::update(runs::table.filter(runs::id.eq_any(&ids)))
                .set(runs::pooled.eq(true))
                .execute(connection)?;
        }
    }
    Ok(ids.into_iter().next_back())
}
