//! Servers that are busy, frozen, killed and restarted.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benchmark_port_contracts::fixtures::{a_run, at, page};
use benchmark_ports::{Catalogue, HealthCheck, RunFilter, RunStore, StoreError};
use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
use benchmark_test_servers::{PostgresSchema, PostgresServer};

/// How long a busy machine may take over what takes no time.
const SLACK: Duration = Duration::from_millis(500);

#[track_caller]
fn assert_unavailable<T: Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
}

/// Makes the user `service`, and uses the schema as that one.
fn as_a_user(schema: &PostgresSchema) -> PostgresConfig {
    let name = schema.name();
    schema.sql(&format!(
        "CREATE ROLE service LOGIN PASSWORD 'p'; GRANT ALL ON SCHEMA {name} TO service"
    ));
    let mut config = PostgresConfig::from_url(&schema.url()).expect("a URL");
    (config.access.user, config.access.password) = ("service".to_owned(), Some("p".into()));
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_locked_table_makes_unavailable_in_time_and_the_pool_refills() {
    let schema = PostgresServer::shared().schema();
    let mut config = PostgresConfig::from_url(&schema.url()).unwrap();
    config.pool_size = NonZeroUsize::new(2).unwrap();
    config.acquire_timeout = Duration::from_millis(600);
    config.statement_timeout = Duration::from_millis(2000);
    let store = Arc::new(PostgresStore::open(&config).await.unwrap());

    let locked = schema.hold("LOCK TABLE runs");
    let call = || {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.record(&[a_run().build()], at(0), None).await })
    };
    let begun = Instant::now();
    let blocked = [call(), call()];
    while store.pool_status().idle > 0 || store.pool_status().size < 2 {
        tokio::task::yield_now().await;
    }
    // Both connections are taken.
    let begun_third = Instant::now();
    assert_unavailable(&call().await.unwrap());
    let took = begun_third.elapsed();
    assert!(took >= config.acquire_timeout && took < config.acquire_timeout + SLACK, "{took:?}");
    // The server is fine, and says so at once.
    let asked = Instant::now();
    store.check().await.unwrap();
    let took = asked.elapsed();
    assert!(took < Duration::from_millis(50), "{took:?}");
    // A statement that waits too long is ended by the server. One of the two may
    // wait for the other first, and then for the table.
    for call in blocked {
        assert_unavailable(&call.await.unwrap());
    }
    let took = begun.elapsed();
    let at_most = 2 * config.statement_timeout + SLACK;
    assert!(took >= config.statement_timeout && took < at_most, "{took:?}");

    drop(locked);
    let calls: Vec<_> = (0..10).map(|_| call()).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(store.pool_status().size <= 2);
    let found = store.runs(&RunFilter::default(), None, page(10)).await.unwrap().unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ends_is_unavailable_and_replaced() {
    let schema = PostgresServer::shared().schema();
    let config = PostgresConfig::from_url(&schema.url()).unwrap();
    let store = Arc::new(PostgresStore::open(&config).await.unwrap());
    let locked = schema.hold("LOCK TABLE runs");
    let blocked = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.record(&[a_run().build()], at(0), None).await })
    };
    let waiting = format!(
        "FROM pg_stat_activity WHERE application_name = 'benchmark-api' \
         AND wait_event_type = 'Lock' AND pid IN (SELECT pid FROM pg_locks \
             WHERE NOT granted AND relation = '{}.runs'::regclass)",
        schema.name()
    );
    while schema.sql(&format!("SELECT count(*) {waiting}")) == "0" {
        tokio::task::yield_now().await;
    }
    schema.sql(&format!("SELECT pg_terminate_backend(pid) {waiting}"));
    assert_unavailable(&blocked.await.unwrap());
    drop(locked);
    store.record(&[a_run().build()], at(0), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_more_connections_is_waited_for() {
    let server = PostgresServer::start();
    let schema = server.schema();
    let config = as_a_user(&schema);
    let store = Arc::new(PostgresStore::open(&config).await.unwrap());
    let connected = "FROM pg_stat_activity WHERE usename = 'service'";
    assert_eq!(server.sql(&format!("SELECT count(*) {connected}")), "1", "it watches from now on");
    server.sql("ALTER ROLE service CONNECTION LIMIT 1");
    server.sql(&format!("SELECT pg_terminate_backend(pid, 10000) {connected}"));
    // It takes the only one.
    while store.metrics().await.is_err() {}

    let locked = schema.hold("LOCK TABLE runs");
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.record(&[a_run().build()], at(0), None).await })
    };
    tokio::time::sleep(2 * config.acquire_timeout).await;
    assert!(store.check().await.is_err(), "nothing watches");
    drop(locked);
    writing.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_takes_no_more_connections_answers_over_those_that_are_open() {
    let server = PostgresServer::start();
    let schema = server.schema();
    let config = as_a_user(&schema);
    let store = Arc::new(PostgresStore::open(&config).await.unwrap());
    store.check().await.unwrap();
    assert_eq!(store.pool_status().size, 1, "one beside the one that watches");
    server.sql("ALTER ROLE service PASSWORD 'changed'");
    let calls: Vec<_> = (0..20)
        .map(|i| {
            let (store, run) = (Arc::clone(&store), a_run().started(at(i)).build());
            tokio::spawn(async move { store.record(&[run], at(0), None).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    store.check().await.unwrap();

    // With the last one of them it is over, and that is to be seen.
    server.sql(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
         WHERE usename = 'service' AND query <> 'SELECT 1'",
    );
    let begun = Instant::now();
    assert_unavailable(&store.metrics().await);
    assert_unavailable(&store.check().await);
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_unavailable_in_time_and_goes_on() {
    let server = PostgresServer::start();
    let config = PostgresConfig::from_url(&server.url()).unwrap();
    let store = PostgresStore::open(&config).await.unwrap();
    store.record(&[a_run().build()], at(0), None).await.unwrap();
    server.freeze();
    for _ in 0..3 {
        let begun = Instant::now();
        let run = a_run().llm("frozen").build();
        let written = store.record(&[run], at(0), None).await;
        let took = begun.elapsed();
        assert_unavailable(&written);
        assert!(took < config.acquire_timeout + SLACK, "{took:?}");
        let begun = Instant::now();
        assert_unavailable(&store.metrics().await);
        let took = begun.elapsed();
        assert!(took < config.acquire_timeout + SLACK, "{took:?}");
        let begun = Instant::now();
        assert_unavailable(&store.check().await);
        let took = begun.elapsed();
        assert!(took < config.acquire_timeout + SLACK, "{took:?}");
    }
    server.thaw();
    let begun = Instant::now();
    while store.check().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it does not go on");
    }
    store.record(&[a_run().llm("thawed").build()], at(0), None).await.unwrap();
    store.metrics().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_unavailable_at_once_and_used_again_once_it_is_back() {
    let mut server = PostgresServer::start();
    let config = PostgresConfig::from_url(&server.url()).unwrap();
    let store = PostgresStore::open(&config).await.unwrap();
    store.metrics().await.unwrap();
    for _ in 0..3 {
        server.kill();
        let begun = Instant::now();
        assert_unavailable(&store.record(&[a_run().build()], at(0), None).await);
        assert_unavailable(&store.metrics().await);
        assert_unavailable(&store.check().await);
        let took = begun.elapsed();
        assert!(took < SLACK, "{took:?}");
        server.restart();
        // Not one call sees a connection to the server that was.
        store.metrics().await.unwrap();
        store.check().await.unwrap();
        store.record(&[a_run().build()], at(0), None).await.unwrap();
    }
    server.kill();
    server.restart();
    store.record(&[a_run().llm("after").build()], at(0), None).await.unwrap();
}

#[test]
fn a_caller_that_goes_away_ends_neither_the_write_nor_the_store() {
    let schema = PostgresServer::shared().schema();
    let config = PostgresConfig::from_url(&schema.url()).unwrap();
    let process = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let store = Arc::new(process.block_on(PostgresStore::open(&config)).unwrap());
    for i in 0..20 {
        // Like a web server's worker: a runtime of one thread, which gives the
        // call up or ends itself in the middle of it.
        let worker = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = store.clone();
        worker.block_on(async move {
            let runs: Vec<_> = (0..20).map(|k| a_run().started(at(i * 100 + k)).build()).collect();
            let call = tokio::spawn(async move { store.record(&runs, at(0), None).await });
            tokio::task::yield_now().await;
            if i % 2 == 0 {
                call.abort();
            }
        });
    }
    // Every write ends, whoever is left to see it.
    process.block_on(async {
        let page = page(1000);
        while store.runs(&RunFilter::default(), None, page).await.unwrap().unwrap().len() < 400 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_read_whose_caller_goes_away_costs_no_more_than_its_connection() {
    let schema = PostgresServer::shared().schema();
    let mut config = PostgresConfig::from_url(&schema.url()).unwrap();
    config.pool_size = NonZeroUsize::new(1).unwrap();
    let process = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let store = Arc::new(process.block_on(PostgresStore::open(&config)).unwrap());
    for _ in 0..3 {
        let locked = schema.hold("LOCK TABLE metrics");
        let worker = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let reading = Arc::clone(&store);
        worker.block_on(async move {
            tokio::select! {
                biased;
                _ = reading.metrics() => panic!("the table is locked"),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        });
        drop(worker);
        // Nobody waits for what the one before did not wait for.
        let found = process.block_on(store.runs(&RunFilter::default(), None, page(10)));
        assert_eq!(found.unwrap().unwrap(), []);
        drop(locked);
        process.block_on(store.metrics()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_say_who_they_are_and_how_long_a_statement_may_last() {
    let schema = PostgresServer::shared().schema();
    let config = PostgresConfig::from_url(&schema.url()).unwrap();
    let store = PostgresStore::open(&config).await.unwrap();
    store.metrics().await.unwrap();
    let listed = schema
        .sql("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'benchmark-api'");
    assert_eq!(listed, "t");
    let status = store.pool_status();
    assert_eq!((status.max_size, status.size, status.idle, status.waiting), (10, 1, 1, 0));
}
