//! Many writers at once, and how many statements each sends.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use benchmark_domain::{Run, Window, metrics};
use benchmark_port_contracts::fixtures::{RunBuilder, a_run, at, scope_of, slug, ttft};
use benchmark_ports::{Catalogue, RankingReader, RecordOutcome, RunStore};
use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
use benchmark_test_servers::{PostgresOptions, PostgresSchema, PostgresServer};

async fn open(schema: &PostgresSchema) -> Arc<PostgresStore> {
    let mut config = PostgresConfig::from_url(&schema.url()).unwrap();
    config.acquire_timeout = Duration::from_secs(20);
    config.connect_timeout = Duration::from_secs(20);
    config.statement_timeout = Duration::from_secs(20);
    Arc::new(PostgresStore::open(&config).await.unwrap())
}

/// A run that measured every metric.
fn full(run: RunBuilder, samples: &[f64]) -> Run {
    let sampled = metrics::BUILT_IN.into_iter().filter(|m| m.name != metrics::ERROR_RATE);
    sampled.fold(run, |run, metric| run.samples(metric.name, samples)).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_recordings_at_once_are_each_counted_and_none_fails() {
    let schema = PostgresServer::shared().schema();
    // Two stores are what two processes would be.
    let stores = [open(&schema).await, open(&schema).await];
    let record = |writer: i64| {
        let store = Arc::clone(&stores[writer as usize % 2]);
        // The same LLMs and workloads for all, in another order for each.
        let run = move |i: i64| {
            let i = (i * 7 + writer) % 10;
            let run = a_run().llm(&format!("llm-{i}")).workload(&format!("w-{}", i % 3));
            full(run.started(at(writer)), &[0.1, 0.2])
        };
        let mut runs: Vec<_> = (0..10).map(run).collect();
        // One that all of them record.
        runs.insert((writer % 10) as usize, full(a_run().llm("shared"), &[0.5]));
        tokio::spawn(async move { store.record(&runs, at(0), None).await })
    };
    let recordings: Vec<_> = (0..50).map(record).collect();
    let mut new = 0;
    for recording in recordings {
        let recorded = recording.await.unwrap().unwrap().recorded().unwrap();
        new += recorded.outcomes.iter().filter(|o| **o == RecordOutcome::New).count();
    }
    assert_eq!(new, 501);
    let mut scope = ttft();
    scope.workload = slug("w-0");
    let found = stores[0].contenders(&scope, Window::All, at(0)).await.unwrap();
    assert_eq!(found.revision.0, 50);
    let runs: usize = found.contenders.iter().map(|contender| contender.runs.len()).sum();
    assert_eq!(runs, 200);
    let shared = stores[1].contenders(&ttft(), Window::Latest, at(0)).await.unwrap();
    assert_eq!((shared.revision.0, shared.contenders.len()), (1, 1));
}

/// What is read at a revision is what was recorded up to it: else a publication
/// of it would pass for the newest, and lack something.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_changes_a_ranking_moves_its_revision() {
    let schema = PostgresServer::shared().schema();
    let store = open(&schema).await;
    let done = Arc::new(AtomicBool::new(false));
    let watcher = {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        tokio::spawn(async move {
            let mut seen = BTreeMap::new();
            loop {
                let last = done.load(Ordering::Relaxed);
                for scope in [ttft(), scope_of(metrics::ERROR_RATE)] {
                    let found = store.contenders(&scope, Window::All, at(10_000)).await.unwrap();
                    let mut contenders = found.contenders;
                    contenders.sort_by(|a, b| a.llm.cmp(&b.llm));
                    let requests: Vec<_> = contenders
                        .iter()
                        .map(|c| (c.llm.to_string(), c.runs.len(), c.requests))
                        .collect();
                    let key = (scope, found.revision);
                    let before = seen.entry(key.clone()).or_insert_with(|| requests.clone());
                    assert_eq!(*before, requests, "{key:?}");
                }
                if last {
                    return seen.len();
                }
            }
        })
    };
    for i in 0..150 {
        let name = format!("llm-{i}");
        // The LLM is known already: who inserts one waits for whoever else does.
        let known = a_run().llm(&name).started(at(-1)).samples(metrics::ITL, &[0.1]).build();
        store.record(&[known], at(0), None).await.unwrap();
        let first = a_run().llm(&name).build();
        // One that fails entirely says nothing about TTFT, and counts where its
        // LLM stands.
        let failed = a_run().llm(&name).started(at(1)).requests(5, 5).nothing().build();
        let record = |run: Run| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.record(&[run], at(0), None).await.map(drop) })
        };
        let (first, failed) = (record(first), record(failed));
        first.await.unwrap().unwrap();
        failed.await.unwrap().unwrap();
    }
    done.store(true, Ordering::Relaxed);
    assert!(watcher.await.unwrap() > 10);
}

/// A server that counts statements.
fn counting() -> PostgresServer {
    let server = PostgresServer::start_with(PostgresOptions {
        settings: vec![("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned())],
        ..PostgresOptions::default()
    });
    server.sql("CREATE SCHEMA extensions; CREATE EXTENSION pg_stat_statements SCHEMA extensions");
    server
}

/// How often each statement was sent since this was asked last, in any order.
fn counted(server: &PostgresServer) -> String {
    let counted = server.sql(
        "SELECT string_agg(calls::text, ' ' ORDER BY calls) FROM extensions.pg_stat_statements \
         WHERE query NOT LIKE '%pg_stat_statements%'",
    );
    server.sql("SELECT extensions.pg_stat_statements_reset()");
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_runs_take_as_many_statements_as_one() {
    let server = counting();
    let schema = server.schema();
    let store = open(&schema).await;
    // Opens the connection.
    store.metrics().await.unwrap();
    counted(&server);
    for size in [1_i64, 1000] {
        let run =
            |i: i64| full(a_run().llm(&format!("{}", i % 50)).started(at(size + i)), &[0.1, 0.2]);
        let runs: Vec<_> = (0..size).map(run).collect();
        let recorded = store.record(&runs, at(0), None).await.unwrap().recorded().unwrap();
        assert_eq!(recorded.affected.len(), metrics::BUILT_IN.len());
        // BEGIN, COMMIT, and one for each of seven tables, but two for the LLMs,
        // which are held on to, and for the pools, which are added to.
        assert_eq!(counted(&server), "1 1 1 1 1 1 1 1 1 1 1", "{size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_ranking_is_read_in_one_statement() {
    let server = counting();
    let schema = server.schema();
    let store = open(&schema).await;
    store.metrics().await.unwrap();
    counted(&server);
    for _ in 0..3 {
        assert_eq!(store.current(&ttft()).await.unwrap(), None);
    }
    assert_eq!(counted(&server), "3");
}
