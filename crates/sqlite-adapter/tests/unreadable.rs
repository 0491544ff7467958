//! Rows that were changed behind the service's back: each is named, and none
//! is served.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::fmt::Debug;

use benchmark_domain::Window;
use benchmark_port_contracts::fixtures::{a_key, a_run, at, page, ttft};
use benchmark_ports::{ApiKeyStore, Catalogue, RankingReader, RunFilter, RunStore, StoreError};
use benchmark_sqlite_adapter::SqliteStore;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tempfile::TempDir;

/// A store with one run and one key, and the file behind it changed so.
async fn changed(sql: &str) -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("benchmark.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.record(&[a_run().build()], at(0), None).await.unwrap();
    store.insert(&a_key(1)).await.unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute(sql).unwrap();
    (folder, store)
}

#[track_caller]
fn assert_names<T: Debug>(answer: Result<T, StoreError>, row: &str) {
    match answer.unwrap_err() {
        StoreError::Corrupt { what } => assert_eq!(what, row),
        error => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_the_one_recorded_is_named() {
    let run = a_run().build().id();
    for change in [
        "UPDATE runs SET attempted_requests = 5",
        "UPDATE runs SET failed_requests = -1",
        "UPDATE runs SET started_at = 'yesterday'",
        "UPDATE runs SET file_name = 'a file without a hash'",
        "UPDATE run_metrics SET mean = mean * 2",
        "UPDATE run_metrics SET sketch = x'ff'",
        "UPDATE run_metrics SET count = NULL",
    ] {
        let (_folder, store) = changed(change).await;
        assert_names(store.run(run).await, &format!("run {run}"));
        let listed = store.runs(&RunFilter::default(), None, page(10)).await;
        assert_names(listed, &format!("run {run}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measurement_that_makes_no_sense_is_named_by_its_run() {
    let run = a_run().build().id();
    let (_folder, store) = changed("UPDATE run_metrics SET sketch = x'ff'").await;
    let found = store.contenders(&ttft(), Window::Latest, at(0)).await;
    assert_names(found, &format!("run {run}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_runs_that_makes_no_sense_is_named_by_its_llm() {
    let llm = a_run().build().llm.id();
    let (_folder, store) = changed("UPDATE pooled_runs SET pool = x'ff'").await;
    let found = store.contenders(&ttft(), Window::All, at(0)).await;
    assert_names(found, &format!("the pooled runs of LLM {llm}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_named() {
    let (_folder, store) = changed(
        "UPDATE metrics SET unit = '' WHERE name = 'TTFT';
         UPDATE workloads SET labels = '[]';
         UPDATE llms SET name = 'somebody else';
         UPDATE api_keys SET scopes = 'everything';",
    )
    .await;
    let llm = a_run().build().llm.id();
    assert_names(store.metrics().await, "metric TTFT");
    assert_names(store.workloads(None, page(1)).await, "workload default");
    assert_names(store.llm(llm).await, &format!("LLM {llm}"));
    assert_names(store.find(&a_key(1).hash).await, &format!("API key {}", a_key(1).id.0));
}
