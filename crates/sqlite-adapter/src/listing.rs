//! Listing runs.

use benchmark_domain::{Grade, RunId};
use benchmark_ports::{PageLimit, RecordedRun, RunFilter};
use diesel::dsl::{AsSelect, InnerJoin, IntoBoxed, Select, sql};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel::sqlite::Sqlite;

use crate::failure::Failure;
use crate::rows::{LlmRow, RunRow, WorkloadRow};
use crate::run_store::with_measurements;
use crate::schema::{llms, runs, workloads};

type Found = (RunRow, LlmRow, WorkloadRow);
type Runs = InnerJoin<InnerJoin<runs::table, llms::table>, workloads::table>;

/// A page of the runs that a filter leaves, the newest first; `None` if `after` is
/// unknown.
pub(crate) fn page(
    connection: &mut SqliteConnection,
    filter: &RunFilter,
    after: Option<RunId>,
    limit: PageLimit,
) -> Result<Option<Vec<RecordedRun>>, Failure> {
    let mut page = filtered(filter).limit(limit.get() as i64);
    if let Some(after) = after {
        let id = after.to_string();
        let started_at: Option<String> =
            runs::table.find(&id).select(runs::started_at).first(connection).optional()?;
        let Some(started_at) = started_at else { return Ok(None) };
        // Earlier, or together and with a lesser id: put so that an index can
        // begin at the first condition.
        page = page
            .filter(runs::started_at.le(started_at.clone()))
            .filter(runs::started_at.lt(started_at).or(runs::id.lt(id)));
    }
    let found = page.load(connection)?;
    with_measurements(connection, found).map(Some)
}

fn filtered(
    filter: &RunFilter,
) -> IntoBoxed<'static, Select<Runs, AsSelect<Found, Sqlite>>, Sqlite> {
    let RunFilter { workload, llm, source, verdict } = filter;
    let mut runs = runs::table
        .inner_join(llms::table)
        .inner_join(workloads::table)
        .select(Found::as_select())
        .order((runs::started_at.desc(), runs::id.desc()))
        .into_boxed();
    if let Some(workload) = workload {
        runs = runs.filter(runs::workload.eq(workload.to_string()));
    }
    if let Some(llm) = llm {
        runs = runs.filter(runs::llm_id.eq(llm.to_string()));
    }
    // Without statistics one index is as good as another: `+` keeps those away that
    // nearly every run may stand in, where there is a narrower one.
    let is_narrow = workload.is_some() || llm.is_some();
    let sign = if is_narrow { "+" } else { "" };
    if let Some(source) = source {
        runs = runs.filter(sql::<Text>(sign).sql("runs.source").eq(source.as_str()));
    }
    let of_verdict = || sql::<Nullable<Text>>(sign).sql("runs.verdict");
    match verdict {
        None => runs,
        Some(Grade::Unjudged) => runs.filter(of_verdict().is_null()),
        Some(grade) => runs.filter(of_verdict().eq(grade.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use benchmark_domain::{LlmId, Source, WorkloadSlug};
    use diesel::debug_query;

    use super::*;
    use crate::SqliteStore;

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    /// How SQLite finds the runs of a filter.
    fn plan(connection: &mut SqliteConnection, filter: &RunFilter) -> String {
        let query = filtered(filter).limit(10);
        let query = debug_query::<Sqlite, _>(&query).to_string();
        let (query, _) = query.split_once(" -- binds").unwrap();
        let steps: Vec<Step> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(connection).unwrap();
        steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_filter_goes_down_the_narrowest_index_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("benchmark.db");
        SqliteStore::open(&path).await.unwrap();
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let none = RunFilter::default();
        let workload = RunFilter { workload: Some(WorkloadSlug::default()), ..none.clone() };
        let llm =
            RunFilter { llm: Some(LlmId(benchmark_domain::uuid::Uuid::nil())), ..none.clone() };
        let both = RunFilter { llm: llm.llm, ..workload.clone() };
        for (filter, index) in [
            (workload, "runs_on_workload_in_order (workload=?)"),
            (llm, "runs_of_llm_in_order (llm_id=?)"),
            (both, "runs_of_llm_on_workload_in_order (llm_id=? AND workload=?)"),
        ] {
            for source in [None, Some(Source::Push)] {
                for verdict in [None, Some(Grade::Unjudged), Some(Grade::Ok)] {
                    let filter = RunFilter { source, verdict, ..filter.clone() };
                    let plan = plan(&mut connection, &filter);
                    assert!(plan.contains(index), "{filter:?}: {plan}");
                    assert!(!plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
                }
            }
        }
        let both = RunFilter { source: Some(Source::Push), verdict: Some(Grade::Ok), ..none };
        let plan = plan(&mut connection, &both);
        assert!(plan.contains("in_order (source=? AND verdict=?)"), "{plan}");
    }
}
