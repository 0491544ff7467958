//! A primary and its streaming standby.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::time::{Duration, Instant};

use benchmark_domain::Window;
use benchmark_port_contracts::fixtures::{a_run, at, page, ttft};
use benchmark_ports::{Catalogue, RankingReader, RunFilter, RunStore, StoreError};
use benchmark_postgres_adapter::{Host, PostgresConfig, PostgresStore};
use benchmark_test_servers::PostgresServer;

/// A primary with its tables, and a standby that has them too.
async fn start() -> (PostgresServer, PostgresServer, PostgresConfig) {
    let primary = PostgresServer::start();
    let mut config = PostgresConfig::from_url(&primary.url()).unwrap();
    drop(PostgresStore::open(&config).await.unwrap());
    let standby = primary.standby();
    config.replica_hosts = vec![Host { name: "127.0.0.1".to_owned(), port: standby.port() }];
    config.max_replica_lag = Duration::from_secs(1);
    (primary, standby, config)
}

/// Within this time what should become so does.
const SOON: Duration = Duration::from_secs(20);

/// How many statements of the service a server has run.
fn reads(server: &PostgresServer) -> u64 {
    let reads = "SELECT coalesce(sum(idx_scan + seq_scan), 0) FROM pg_stat_user_tables \
                 WHERE relname = 'metrics'";
    server.sql(reads).parse().unwrap()
}

/// Reads until a server has done so.
async fn read_until_by(store: &PostgresStore, server: &PostgresServer) {
    let (begun, before) = (Instant::now(), reads(server));
    while reads(server) == before {
        assert!(begun.elapsed() < SOON, "nothing is read there");
        store.metrics().await.unwrap();
    }
}

async fn count(store: &PostgresStore) -> usize {
    store.runs(&RunFilter::default(), None, page(1000)).await.unwrap().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_to_the_standby_and_see_what_the_process_wrote() {
    let (primary, standby, config) = start().await;
    let store = PostgresStore::open(&config).await.unwrap();
    read_until_by(&store, &standby).await;
    for i in 1..=100 {
        store.record(&[a_run().llm(&format!("{i}")).build()], at(0), None).await.unwrap();
        let found = store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap();
        assert_eq!((found.revision.0, found.contenders.len()), (i, i as usize));
    }
    // Also while the standby replays nothing.
    standby.sql("SELECT pg_wal_replay_pause()");
    for i in 101..=110 {
        store.record(&[a_run().llm(&format!("{i}")).build()], at(0), None).await.unwrap();
        assert_eq!(count(&store).await, i);
    }
    standby.sql("SELECT pg_wal_replay_resume()");
    read_until_by(&store, &standby).await;
    assert_eq!(count(&store).await, 110);
    assert_eq!(store.readable_replicas(), 1);
    drop(primary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lags_too_far_is_not_read() {
    let (primary, standby, config) = start().await;
    let reader = PostgresStore::open(&config).await.unwrap();
    let writer = PostgresStore::open(&config).await.unwrap();
    read_until_by(&reader, &standby).await;
    standby.sql("SELECT pg_wal_replay_pause()");
    writer.record(&[a_run().build()], at(0), None).await.unwrap();
    let begun = Instant::now();
    while count(&reader).await == 0 {
        let took = begun.elapsed();
        assert!(took < config.max_replica_lag + Duration::from_secs(2), "{took:?}");
        tokio::task::yield_now().await;
    }
    // A primary where nothing happens does not make its standby lag.
    standby.sql("SELECT pg_wal_replay_resume()");
    read_until_by(&reader, &standby).await;
    tokio::time::sleep(2 * config.max_replica_lag).await;
    let before = reads(&primary);
    read_until_by(&reader, &standby).await;
    assert_eq!(reads(&primary), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_elsewhere_is_seen_once_it_is_told() {
    let (_primary, standby, mut config) = start().await;
    config.max_replica_lag = Duration::from_secs(60);
    let reader = PostgresStore::open(&config).await.unwrap();
    let writer = PostgresStore::open(&config).await.unwrap();
    read_until_by(&reader, &standby).await;
    standby.sql("SELECT pg_wal_replay_pause()");
    for i in 1..=3 {
        writer.record(&[a_run().llm(&format!("{i}")).build()], at(0), None).await.unwrap();
        reader.changed_elsewhere();
        assert_eq!(count(&reader).await, i);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_when_the_standby_is_killed_or_frozen() {
    let (_primary, mut standby, config) = start().await;
    let store = PostgresStore::open(&config).await.unwrap();
    read_until_by(&store, &standby).await;
    standby.kill();
    for _ in 0..100 {
        store.metrics().await.unwrap();
    }
    standby.restart();
    read_until_by(&store, &standby).await;
    standby.freeze();
    for _ in 0..100 {
        let begun = Instant::now();
        store.metrics().await.unwrap();
        let took = begun.elapsed();
        assert!(took < config.acquire_timeout + Duration::from_millis(500), "{took:?}");
    }
    standby.thaw();
    read_until_by(&store, &standby).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_opened_while_its_standby_is_down() {
    let (_primary, mut standby, config) = start().await;
    standby.kill();
    let store = PostgresStore::open(&config).await.unwrap();
    store.record(&[a_run().build()], at(0), None).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_primary_is_killed_the_standby_answers_and_once_promoted_takes_writes() {
    let (mut primary, standby, config) = start().await;
    let store = PostgresStore::open(&config).await.unwrap();
    store.record(&[a_run().llm("before").build()], at(0), None).await.unwrap();
    read_until_by(&store, &standby).await;
    primary.kill();
    // Reads go on, writes do not.
    for _ in 0..100 {
        assert_eq!(count(&store).await, 1);
    }
    let refused = store.record(&[a_run().llm("meanwhile").build()], at(0), None).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    standby.promote();
    let promoted = Instant::now();
    while let Err(error) = store.record(&[a_run().llm("after").build()], at(0), None).await {
        assert!(promoted.elapsed() < Duration::from_secs(5), "{error:?}");
    }
    assert_eq!(count(&store).await, 2);
    let took = promoted.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    // Who starts now finds it as well.
    let again = PostgresStore::open(&config).await.unwrap();
    assert_eq!(count(&again).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_fail_over_that_lost_the_end_of_the_log_a_standby_is_read_again() {
    let (mut primary, heir, mut config) = start().await;
    let follower = heir.standby();
    let host = |server: &PostgresServer| Host { name: "127.0.0.1".to_owned(), port: server.port() };
    config.replica_hosts = vec![host(&heir), host(&follower)];
    let store = PostgresStore::open(&config).await.unwrap();
    read_until_by(&store, &follower).await;
    // What is written from now on goes down with the primary: a segment and more.
    heir.sql("ALTER SYSTEM SET primary_conninfo = ''");
    heir.sql("SELECT pg_reload_conf()");
    primary.sql("SELECT pg_switch_wal()");
    store.record(&[a_run().build()], at(0), None).await.unwrap();
    primary.kill();
    heir.promote();
    let promoted = Instant::now();
    while count(&store).await != 0 || store.readable_replicas() == 0 {
        assert!(promoted.elapsed() < SOON, "{} replicas are read", store.readable_replicas());
        tokio::task::yield_now().await;
    }
    read_until_by(&store, &follower).await;
}
