use benchmark_domain::*;
use benchmark_port_contracts::fixtures::*;
use benchmark_ports::*;
use benchmark_sqlite_adapter::SqliteStore;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn perf() {
    let dir = tempfile::tempdir_in("/work").unwrap();
    let store = SqliteStore::open(&dir.path().join("x.db")).await.unwrap();
    let runs: Vec<_> = (0..2000).map(|i| { let mut b = a_run().llm(&format!("llm-{i}")); for m in metrics::BUILT_IN { let s: Vec<f64> = (0..300).map(|k| 0.1 + ((k*7919+i*31)%1000) as f64/1000.0).collect(); b = b.samples(m.name.clone(), &s);} b.build()}).collect();
    store.record(&runs, at(0)).await.unwrap();
    let t = std::time::Instant::now();
    for _ in 0..300 { store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap(); }
    println!("per call {:?}", t.elapsed()/300);
}
