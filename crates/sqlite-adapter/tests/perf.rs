use benchmark_domain::*;
use benchmark_port_contracts::fixtures::*;
use benchmark_ports::*;
use benchmark_sqlite_adapter::SqliteStore;
use std::collections::BTreeMap;
use std::time::Instant;

fn big_run(llm_i: usize, k: i64, samples: usize) -> Run {
    let mut seed = (llm_i as u64 + 1) * 7919 + k as u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % 1000000) as f64 / 1e6
    };
    let mut m = BTreeMap::new();
    for metric in metrics::BUILT_IN {
        let s: Vec<f64> = (0..samples).map(|_| 0.1 * (1.0 + 3.0 * next() * next())).collect();
        m.insert(metric.name.clone(), Measurement::Sampled(Summary::from_samples(&s).unwrap()));
    }
    Run::new(RunParts {
        llm: llm(&format!("llm-{llm_i}")),
        workload: Workload::default(),
        source: Source::Push,
        started_at: at(k * 60),
        tool: None,
        requests: Requests::all_successful(samples as u64),
        measurements: m,
        provenance: None,
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn perf() {
    for samples in [5usize, 1000] {
        let dir = tempfile::tempdir_in("/work").unwrap();
        let t = Instant::now();
        let store = SqliteStore::open(&dir.path().join("x.db")).await.unwrap();
        println!("open {:?}", t.elapsed());
        let t = Instant::now();
        let store2 = SqliteStore::open(&dir.path().join("x.db")).await.unwrap();
        println!("open again {:?}", t.elapsed());
        drop(store2);
        let runs: Vec<_> = (0..1000).map(|i| big_run(i, 0, samples)).collect();
        let t = Instant::now();
        store.record(&runs, at(0)).await.unwrap();
        println!("record 1000x8 {samples} samples {:?}", t.elapsed());
        let t = Instant::now();
        store.record(&runs, at(0)).await.unwrap();
        println!("again {:?}", t.elapsed());
        let runs: Vec<_> = (1000..2000).map(|i| big_run(i, 0, samples)).collect();
        let t = Instant::now();
        store.record(&runs, at(0)).await.unwrap();
        println!("record next 1000x8 {:?}", t.elapsed());
        for _ in 0..5 {
            let t = Instant::now();
            let c = store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap();
            println!("contenders {} {:?}", c.contenders.len(), t.elapsed());
        }
        let t = Instant::now();
        let c = store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap();
        let b: usize = c
            .contenders
            .iter()
            .map(|c| match &c.runs[0].measurement {
                Measurement::Sampled(s) => s.sketch().to_bytes().len(),
                _ => 0,
            })
            .sum();
        println!("+to_bytes {:?} {b} bytes", t.elapsed());
        let bytes: Vec<_> = c
            .contenders
            .iter()
            .map(|c| match &c.runs[0].measurement {
                Measurement::Sampled(s) => s.to_parts(),
                _ => unreachable!(),
            })
            .collect();
        let t = Instant::now();
        for p in &bytes {
            std::hint::black_box(Summary::from_parts(p).unwrap());
        }
        println!("from_parts x{} {:?}", bytes.len(), t.elapsed());
        let t = Instant::now();
        let ranked = rank(Direction::LowerIsBetter, Statistic::Mean, c.contenders);
        println!("rank {:?}", t.elapsed());
        let p = Publication {
            scope: ttft(),
            published_at: at(0),
            entries: ranked
                .into_iter()
                .map(|ranked| RankingEntry { id: entry_id(), ranked })
                .collect(),
        };
        let t = Instant::now();
        store.publish(&p, c.revision).await.unwrap();
        println!("publish {:?}", t.elapsed());
        let t = Instant::now();
        store.current(&ttft()).await.unwrap();
        println!("current {:?}", t.elapsed());
        for _ in 0..3 {
            let t = Instant::now();
            store.runs(&RunFilter::default(), None, page(100)).await.unwrap();
            println!("runs(100) {:?}", t.elapsed());
        }
        for i in 0..5 {
            let r = big_run(i, 1, samples);
            let t = Instant::now();
            store.record(&[r], at(0)).await.unwrap();
            println!("record one {:?}", t.elapsed());
        }
        let t = Instant::now();
        for _ in 0..1000 {
            store.find(&KeyHash([1; 32])).await.unwrap();
        }
        println!("find key x1000 {:?}", t.elapsed());
        println!("file {}", std::fs::metadata(dir.path().join("x.db")).unwrap().len());
    }
}
