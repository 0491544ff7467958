//! A writer, and a server, that are killed in the middle of writing.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use benchmark_domain::{Metric, Run, metrics};
use benchmark_port_contracts::fixtures::{RunBuilder, a_run, at, page};
use benchmark_ports::{RunFilter, RunStore};
use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
use benchmark_test_servers::{PostgresOptions, PostgresServer};

/// Tells the test, run as a child of itself, to be the one that is killed:
/// where the database is, and which batch to begin with.
const VICTIM: &str = "CRASH_TEST_VICTIM";
const THIS_TEST: &str = "killing_a_writer_leaves_no_half_run_and_loses_nothing_acknowledged";

const CRASHES: usize = 20;
const SERVER_CRASHES: usize = 5;
const RUNS_PER_BATCH: i64 = 5;
const ACKNOWLEDGED: &str = "acknowledged batch ";

/// The runs of a batch, the same for whoever asks.
fn batch(number: i64) -> Vec<Run> {
    let run = |i: i64| {
        let started = at(number * RUNS_PER_BATCH + i);
        let samples: Vec<_> = (1..100).map(|k| f64::from(k) + number as f64).collect();
        let measured = |run: RunBuilder, metric: Metric| run.samples(metric.name, &samples);
        // The run tells its rate of errors by itself.
        let sampled = metrics::BUILT_IN.into_iter().filter(|m| m.name != metrics::ERROR_RATE);
        sampled.fold(a_run().started(started), measured).build()
    };
    (0..RUNS_PER_BATCH).map(run).collect()
}

fn durable() -> PostgresServer {
    PostgresServer::start_with(PostgresOptions { durable: true, ..PostgresOptions::default() })
}

async fn open(url: &str) -> PostgresStore {
    let mut config = PostgresConfig::from_url(url).unwrap();
    config.connect_timeout = Duration::from_secs(20);
    PostgresStore::open(&config).await.unwrap()
}

async fn write_until_killed(url: &str, first: i64) {
    let store = open(url).await;
    for number in first.. {
        store.record(&batch(number), at(0), None).await.unwrap();
        println!("{ACKNOWLEDGED}{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_a_writer_leaves_no_half_run_and_loses_nothing_acknowledged() {
    if let Ok(victim) = std::env::var(VICTIM) {
        let (first, url) = victim.split_once(' ').unwrap();
        return write_until_killed(url, first.parse().unwrap()).await;
    }
    let server = durable();
    let mut acknowledged = BTreeSet::new();
    for crash in 0..CRASHES {
        let first = acknowledged.last().map_or(0, |last| last + 1);
        acknowledged.extend(kill_after(crash % 5 + 1, &server.url(), first));
    }
    assert!(acknowledged.len() >= CRASHES * 3);
    assert_whole(&open(&server.url()).await, &acknowledged, CRASHES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_server_leaves_no_half_run_and_loses_nothing_acknowledged() {
    let mut server = durable();
    let store = Arc::new(open(&server.url()).await);
    let next = Arc::new(AtomicI64::new(0));
    let writer = {
        let (store, next) = (Arc::clone(&store), Arc::clone(&next));
        tokio::spawn(async move {
            let (mut acknowledged, mut failed) = (BTreeSet::new(), 0);
            loop {
                let number = next.load(Ordering::Relaxed);
                if number < 0 {
                    return (acknowledged, failed);
                }
                match store.record(&batch(number), at(0), None).await {
                    Ok(_) => _ = acknowledged.insert(number),
                    Err(_) => failed += 1,
                }
                // Whatever became of it, the next one is another.
                _ = next.compare_exchange(number, number + 1, Ordering::Relaxed, Ordering::Relaxed);
            }
        })
    };
    for crash in 0..SERVER_CRASHES {
        let begun = next.load(Ordering::Relaxed);
        while next.load(Ordering::Relaxed) < begun + 5 + crash as i64 {
            tokio::task::yield_now().await;
        }
        server.kill();
        server.restart();
        while store.run(batch(0)[0].id()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    next.store(-1, Ordering::Relaxed);
    let (acknowledged, failed) = writer.await.unwrap();
    assert!(acknowledged.len() >= SERVER_CRASHES && failed >= SERVER_CRASHES);
    assert_whole(&store, &acknowledged, failed).await;
}

/// Asserts that every batch that was acknowledged is there, and of at most so
/// many others all or nothing.
async fn assert_whole(store: &PostgresStore, acknowledged: &BTreeSet<i64>, others: usize) {
    let mut there = BTreeSet::new();
    let mut after = None;
    loop {
        // Reading a run that is not whole is an error: its id is a hash of it.
        let found = store.runs(&RunFilter::default(), after, page(1000)).await.unwrap().unwrap();
        let Some(last) = found.last() else { break };
        after = Some(last.run.id());
        for recorded in &found {
            assert_eq!(recorded.run.measurements().len(), metrics::BUILT_IN.len());
            there.insert(recorded.run.id());
        }
    }
    for number in acknowledged {
        assert!(batch(*number).iter().all(|run| there.remove(&run.id())), "batch {number}");
    }
    // What is there besides was committed, and not acknowledged any more.
    assert!(there.len() <= others * RUNS_PER_BATCH as usize, "{}", there.len());
    assert!(there.len().is_multiple_of(RUNS_PER_BATCH as usize), "half a batch");
}

/// Starts a writer and kills it once it has acknowledged so many batches, in
/// the middle of whatever it does then. Tells what it acknowledged.
fn kill_after(batches: usize, url: &str, first: i64) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(VICTIM, format!("{first} {url}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = vec![];
    for line in lines {
        if let Some(number) = line.unwrap().strip_prefix(ACKNOWLEDGED) {
            acknowledged.push(number.parse().unwrap());
            if acknowledged.len() == batches {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    acknowledged
}
