use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use benchmark_actix_http::{
    BodyLimits, JsonRankings, Server, ServerConfig, Services, stop_signals,
};
use benchmark_application::*;
use benchmark_domain::{Run, WorkloadSlug};
use benchmark_memory_adapter::*;
use benchmark_port_contracts::{StoppedClock, fixtures};
use benchmark_ports::*;
use std::sync::Arc;
use std::time::Duration;

struct Counting(std::sync::atomic::AtomicU64);
impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}
const KEY: &str = "a-key-with-every-scope";

#[tokio::main]
async fn main() {
    let mode = std::env::args().nth(1).unwrap();
    if mode == "openapi" {
        println!("{}", benchmark_actix_http::openapi_document());
        return;
    }
    let port: u16 = std::env::args().nth(2).unwrap().parse().unwrap();
    let stop = stop_signals().unwrap();
    let store = Arc::new(MemoryStore::default());
    let clock: Arc<dyn Clock> = Arc::new(StoppedClock::at(fixtures::at(0)));
    let cache: Arc<dyn RankingCache> =
        Arc::new(MemoryRankingCache::new(Duration::from_secs(60), 1 << 26, clock.clone()));
    let publish = Arc::new(PublishRankings::new(
        store.clone(),
        store.clone(),
        store.clone(),
        cache.clone(),
        clock.clone(),
        Arc::new(Counting(0.into())),
    ));
    let compute =
        ComputeRanking::new(store.clone(), store.clone(), Arc::new(JsonRankings), clock.clone());
    let services = Services {
        authenticate: Authenticate::new(Some(hash_key(KEY)), store.clone(), clock.clone()),
        read_ranking: Arc::new(ReadRanking::new(cache.clone(), compute)),
        browse_catalogue: BrowseCatalogue::new(store.clone(), store.clone()),
        record_runs: Arc::new(RecordRuns::new(
            store.clone(),
            store.clone(),
            publish,
            cache,
            clock.clone(),
        )),
        check_health: CheckHealth::new(vec![store.clone()]),
        default_workload: WorkloadSlug::default(),
        clock,
        metrics: prometheus::Registry::new(),
    };
    let runs: Vec<Run> = (0..10)
        .map(|i| {
            fixtures::a_run().llm(&format!("llm-{i}")).ttft(&[0.1 * i as f64, 0.2, 0.3]).build()
        })
        .collect();
    services.record_runs.run(&runs).await.unwrap();
    if mode == "bare" {
        let q = RankingQuery {
            subject: Subject::Metric(benchmark_domain::metrics::TTFT),
            workload: WorkloadSlug::default(),
            window: Default::default(),
            statistic: Default::default(),
            provider: None,
            limit: PageLimit::default(),
            offset: 0,
        };
        let doc = services.read_ranking.run(&q).await.unwrap();
        let body = bytes::Bytes::copy_from_slice(doc.json());
        HttpServer::new(move || {
            let body = body.clone();
            App::new().route(
                "/api/v1/benchmark/TTFT",
                web::get().to(move |r: HttpRequest| {
                    let body = body.clone();
                    async move {
                        if r.headers()
                            .get("x-api-key")
                            .is_none_or(|k| k.as_bytes() != KEY.as_bytes())
                        {
                            return HttpResponse::Unauthorized().finish();
                        }
                        HttpResponse::Ok()
                            .insert_header(("ETag", "\"0123456789abcdef0123456789abcdef\""))
                            .content_type("application/json")
                            .body(body)
                    }
                }),
            )
        })
        .workers(1)
        .bind(("127.0.0.1", port))
        .unwrap()
        .run()
        .await
        .unwrap();
        return;
    }
    if mode == "micro" {
        let q = RankingQuery { subject: Subject::Metric(benchmark_domain::metrics::TTFT), workload: WorkloadSlug::default(), window: Default::default(), statistic: Default::default(), provider: None, limit: PageLimit::default(), offset: 0 };
        let doc = services.read_ranking.run(&q).await.unwrap();
        let n = 1_000_000; let t = std::time::Instant::now();
        for _ in 0..n { std::hint::black_box(services.read_ranking.run(&q).await.unwrap()); }
        println!("read_ranking {:.0} ns", t.elapsed().as_nanos() as f64 / n as f64);
        let t = std::time::Instant::now();
        for _ in 0..n { std::hint::black_box(services.authenticate.run(KEY).await.unwrap()); }
        println!("authenticate {:.0} ns", t.elapsed().as_nanos() as f64 / n as f64);
        let body = bytes::Bytes::copy_from_slice(doc.json());
        benchmark_actix_http::micro::run(services, KEY, body).await;
        return;
    }
    let config = ServerConfig {
        port,
        workers: Some(1),
        body: BodyLimits { timeout: Duration::from_secs(3), ..Default::default() },
        cors_origins: if mode == "cors" { vec!["http://a.example".into()] } else { vec![] },
        ..Default::default()
    };
    let server = Server::bind(&config, services).unwrap_or_else(|e| {
        eprintln!("{e}: {}", std::error::Error::source(&e).unwrap());
        std::process::exit(1)
    });
    println!("{:?}", server.addresses());
    server.run(stop).await.unwrap();
}
