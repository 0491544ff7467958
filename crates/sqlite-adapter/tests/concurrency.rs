//! Readers and writers at once: nobody is told that the database is locked.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use benchmark_domain::Window;
use benchmark_port_contracts::fixtures::{a_run, at, page, ttft};
use benchmark_ports::{RankingReader, RunFilter, RunStore};
use benchmark_sqlite_adapter::SqliteStore;

async fn open(path: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(path).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_readers_and_two_writers_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("benchmark.db");
    // Two stores are what two processes would be.
    let stores = [open(&path).await, open(&path).await];
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..8)
        .map(|reader| {
            let (store, done) = (stores[reader % 2].clone(), done.clone());
            tokio::spawn(async move {
                let (mut reads, mut seen) = (0, 0);
                while !done.load(Ordering::Relaxed) {
                    let found = store.contenders(&ttft(), Window::All, at(0)).await.unwrap();
                    assert!(found.contenders.len() >= seen, "a run went away");
                    seen = found.contenders.len();
                    store.runs(&RunFilter::default(), None, page(10)).await.unwrap();
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    let writers = stores.iter().enumerate().map(|(writer, store)| {
        let store = store.clone();
        tokio::spawn(async move {
            for i in 0..100 {
                let run = a_run().llm(&format!("llm-{writer}-{i}")).build();
                store.record(&[run], at(0), None).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    let found = stores[0].contenders(&ttft(), Window::All, at(0)).await.unwrap();
    assert_eq!(found.contenders.len(), 200);
}

#[test]
fn a_caller_that_goes_away_ends_neither_the_write_nor_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("benchmark.db");
    let process = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let store = process.block_on(open(&path));
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
