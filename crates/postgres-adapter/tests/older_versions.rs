//! What a version recorded that neither judges nor pools runs.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use benchmark_domain::{Grade, Run, Window};
use benchmark_port_contracts::fixtures::{a_run, an_unrankable_run, at, page, ttft};
use benchmark_ports::{RankingReader, RunFilter, RunStore};
use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
use benchmark_test_servers::{PostgresSchema, PostgresServer};

async fn open(schema: &PostgresSchema) -> PostgresStore {
    PostgresStore::open(&PostgresConfig::from_url(&schema.url()).unwrap()).await.unwrap()
}

/// A store with six hundred runs of two LLMs, as such a version leaves it.
async fn as_left() -> (PostgresSchema, PostgresStore) {
    let one = |i: i64| a_run().llm(["a", "b"][(i % 2) as usize]).started(at(-600 * i)).build();
    with_older((0..600).map(one).collect()).await
}

/// A store with these runs, as such a version leaves it.
async fn with_older(runs: Vec<Run>) -> (PostgresSchema, PostgresStore) {
    let schema = PostgresServer::shared().schema();
    let store = open(&schema).await;
    store.record(&runs, at(0), None).await.unwrap();
    schema.sql(
        "DELETE FROM pooled_runs;
         UPDATE runs SET verdict = NULL, findings = NULL, pooled = FALSE;",
    );
    (schema, store)
}

fn not_pooled(schema: &PostgresSchema) -> i64 {
    schema.sql("SELECT count(*) FROM runs WHERE NOT pooled").trim().parse().unwrap()
}

/// How many runs and requests count in a window.
async fn counted(store: &PostgresStore, window: Window) -> (usize, u64) {
    let found = store.contenders(&ttft(), window, at(0)).await.unwrap().contenders;
    let runs = found.iter().map(|contender| contender.runs.len()).sum();
    (runs, found.iter().map(|contender| contender.requests.attempted()).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn its_runs_count_before_and_after_they_are_taken_in() {
    let (schema, store) = as_left().await;
    // Another one is pooled already.
    store.record(&[a_run().started(at(5)).build()], at(5), None).await.unwrap();
    let windows = [Window::Hours(24), Window::Hours(48), Window::All];
    let mut before = Vec::new();
    for window in windows {
        before.push(counted(&store, window).await);
    }
    assert_eq!(before[2], (601, 2404));
    assert_eq!(not_pooled(&schema), 600);
    // As many as wish may take them in at once.
    let other = open(&schema).await;
    let (one, another) = tokio::join!(store.pool_older_runs(), other.pool_older_runs());
    one.unwrap();
    another.unwrap();
    assert_eq!(not_pooled(&schema), 0);
    assert_eq!(counted(&other, Window::All).await, before[2]);
    for (window, before) in windows.into_iter().zip(before) {
        assert_eq!(counted(&store, window).await, before, "{window}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_newest_run_counts_where_most_of_its_requests_failed() {
    let worked = a_run().started(at(-3600)).requests(100, 0).build();
    let failed = a_run().started(at(-60)).requests(7, 7).nothing().build();
    let (schema, store) = with_older(vec![worked, failed]).await;
    assert_eq!(not_pooled(&schema), 2);
    assert_eq!(counted(&store, Window::Latest).await, (1, 7));
    store.pool_older_runs().await.unwrap();
    assert_eq!(counted(&store, Window::Latest).await, (1, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_runs_are_unjudged() {
    let (_schema, store) = as_left().await;
    store.record(&[an_unrankable_run().build()], at(0), None).await.unwrap();
    let unjudged = RunFilter { verdict: Some(Grade::Unjudged), ..RunFilter::default() };
    let found = store.runs(&unjudged, None, page(1000)).await.unwrap().unwrap();
    assert_eq!(found.len(), 600);
    assert!(found.iter().all(|recorded| recorded.verdict.grade == Grade::Unjudged));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_does_not_keep_others_from_being_pooled() {
    let (schema, store) = as_left().await;
    let first = "(SELECT id FROM runs ORDER BY id LIMIT 1)";
    schema.sql(&format!("UPDATE run_metrics SET sketch = '\\xff' WHERE run_id = {first}"));
    let unreadable = store.pool_older_runs().await.unwrap();
    assert_eq!(unreadable, [schema.sql("SELECT id FROM runs ORDER BY id LIMIT 1")]);
    assert_eq!(not_pooled(&schema), 1);
    assert_eq!(store.pool_older_runs().await.unwrap(), unreadable);
    store.contenders(&ttft(), Window::All, at(0)).await.unwrap_err();
}
