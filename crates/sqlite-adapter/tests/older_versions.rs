//! What a version recorded that neither judges nor pools runs.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::path::Path;

use benchmark_domain::{Grade, Run, Window};
use benchmark_port_contracts::fixtures::{a_run, an_unrankable_run, at, page, ttft};
use benchmark_ports::{RankingReader, RunFilter, RunStore};
use benchmark_sqlite_adapter::SqliteStore;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tempfile::TempDir;

/// A store with six hundred runs of two LLMs, as such a version leaves it.
async fn as_left() -> (TempDir, SqliteStore) {
    let one = |i: i64| a_run().llm(["a", "b"][(i % 2) as usize]).started(at(-600 * i)).build();
    with_older((0..600).map(one).collect()).await
}

/// A store with these runs, as such a version leaves it.
async fn with_older(runs: Vec<Run>) -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("benchmark.db")).await.unwrap();
    store.record(&runs, at(0), None).await.unwrap();
    change(
        folder.path(),
        "DELETE FROM pooled_runs;
         UPDATE runs SET verdict = NULL, findings = NULL, pooled = FALSE;",
    );
    (folder, store)
}

fn connection(folder: &Path) -> SqliteConnection {
    SqliteConnection::establish(folder.join("benchmark.db").to_str().unwrap()).unwrap()
}

fn change(folder: &Path, sql: &str) {
    connection(folder).batch_execute(sql).unwrap();
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn not_pooled(folder: &Path) -> i64 {
    let sql = "SELECT count(*) AS count FROM runs WHERE NOT pooled";
    diesel::sql_query(sql).get_result::<Count>(&mut connection(folder)).unwrap().count
}

fn first_id(folder: &Path) -> String {
    #[derive(QueryableByName)]
    struct First {
        #[diesel(sql_type = Text)]
        id: String,
    }
    let sql = "SELECT min(id) AS id FROM runs";
    diesel::sql_query(sql).get_result::<First>(&mut connection(folder)).unwrap().id
}

/// How many runs and requests count in a window.
async fn counted(store: &SqliteStore, window: Window) -> (usize, u64) {
    let found = store.contenders(&ttft(), window, at(0)).await.unwrap().contenders;
    let runs = found.iter().map(|contender| contender.runs.len()).sum();
    (runs, found.iter().map(|contender| contender.requests.attempted()).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn its_runs_count_before_and_after_they_are_taken_in() {
    let (folder, store) = as_left().await;
    // Another one is pooled already.
    store.record(&[a_run().started(at(5)).build()], at(5), None).await.unwrap();
    let windows = [Window::Hours(24), Window::Hours(48), Window::All];
    let mut before = Vec::new();
    for window in windows {
        before.push(counted(&store, window).await);
    }
    assert_eq!(before[2], (601, 2404));
    assert_eq!(not_pooled(folder.path()), 600);
    store.pool_older_runs().await.unwrap();
    assert_eq!(not_pooled(folder.path()), 0);
    for (window, before) in windows.into_iter().zip(before) {
        assert_eq!(counted(&store, window).await, before, "{window}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_newest_run_counts_where_most_of_its_requests_failed() {
    let worked = a_run().started(at(-3600)).requests(100, 0).build();
    let failed = a_run().started(at(-60)).requests(7, 7).nothing().build();
    let (folder, store) = with_older(vec![worked, failed]).await;
    assert_eq!(not_pooled(folder.path()), 2);
    assert_eq!(counted(&store, Window::Latest).await, (1, 7));
    store.pool_older_runs().await.unwrap();
    assert_eq!(counted(&store, Window::Latest).await, (1, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_runs_are_unjudged() {
    let (_folder, store) = as_left().await;
    store.record(&[an_unrankable_run().build()], at(0), None).await.unwrap();
    let unjudged = RunFilter { verdict: Some(Grade::Unjudged), ..RunFilter::default() };
    let found = store.runs(&unjudged, None, page(1000)).await.unwrap().unwrap();
    assert_eq!(found.len(), 600);
    assert!(found.iter().all(|recorded| recorded.verdict.grade == Grade::Unjudged));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_does_not_keep_others_from_being_pooled() {
    let (folder, store) = as_left().await;
    change(
        folder.path(),
        "UPDATE run_metrics SET sketch = x'ff' WHERE run_id = (SELECT min(id) FROM runs)",
    );
    let unreadable = store.pool_older_runs().await.unwrap();
    assert_eq!(unreadable, [first_id(folder.path())]);
    assert_eq!(not_pooled(folder.path()), 1);
    assert_eq!(store.pool_older_runs().await.unwrap(), unreadable);
    store.contenders(&ttft(), Window::All, at(0)).await.unwrap_err();
}
