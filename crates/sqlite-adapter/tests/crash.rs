//! A process that is killed in the middle of writing.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use benchmark_domain::{Metric, Run, metrics};
use benchmark_port_contracts::fixtures::{RunBuilder, a_run, at, page};
use benchmark_ports::{RunFilter, RunStore};
use benchmark_sqlite_adapter::SqliteStore;
use diesel::prelude::*;
use diesel::sql_types::Text;

/// Tells the test, run as a child of itself, to be the one that is killed:
/// where the database is, and which batch to begin with.
const VICTIM: &str = "CRASH_TEST_VICTIM";
const THIS_TEST: &str = "killing_a_writer_leaves_no_half_run_and_loses_nothing_acknowledged";

const CRASHES: usize = 20;
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

async fn write_until_killed(path: &Path, first: i64) {
    let store = SqliteStore::open(path).await.unwrap();
    for number in first.. {
        store.record(&batch(number), at(0), None).await.unwrap();
        println!("{ACKNOWLEDGED}{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_a_writer_leaves_no_half_run_and_loses_nothing_acknowledged() {
    if let Ok(victim) = std::env::var(VICTIM) {
        let (first, path) = victim.split_once(' ').unwrap();
        return write_until_killed(Path::new(path), first.parse().unwrap()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("benchmark.db");
    let mut acknowledged = BTreeSet::new();
    for crash in 0..CRASHES {
        let first = acknowledged.last().map_or(0, |last| last + 1);
        acknowledged.extend(kill_after(crash + 1, &path, first));
    }
    assert!(acknowledged.len() >= CRASHES * (CRASHES + 1) / 2);
    assert_eq!(damage(&path), ["ok"]);

    let store = SqliteStore::open(&path).await.unwrap();
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
    for number in &acknowledged {
        assert!(batch(*number).iter().all(|run| there.remove(&run.id())), "batch {number}");
    }
    // What is there besides was committed, and not acknowledged any more.
    assert!(there.len() <= CRASHES * RUNS_PER_BATCH as usize, "{}", there.len());
    assert!(there.len().is_multiple_of(RUNS_PER_BATCH as usize), "half a batch");
}

/// Starts a writer and kills it once it has acknowledged so many batches, in
/// the middle of whatever it does then. Tells what it acknowledged.
fn kill_after(batches: usize, path: &Path, first: i64) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(VICTIM, format!("{first} {}", path.display()))
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

/// What SQLite itself finds wrong with the file.
fn damage(path: &Path) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Finding {
        #[diesel(sql_type = Text)]
        integrity_check: String,
    }
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let found: Vec<Finding> =
        diesel::sql_query("PRAGMA integrity_check").load(&mut connection).unwrap();
    found.into_iter().map(|finding| finding.integrity_check).collect()
}
