//! A ranking over a window of many runs: fifty LLMs of a thousand runs each, of a
//! thousand samples each, in thirty days.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benchmark_domain::chrono::{TimeDelta, Utc};
use benchmark_domain::{
    Llm, LlmName, Measurement, Profile, Requests, Run, RunParts, Scenario, Simulation, Source,
    Summary, Workload, metrics,
};
use benchmark_ports::{RunStore, Timestamp};
use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
use benchmark_sqlite_adapter::SqliteStore;
use benchmark_test_servers::{PostgresServer, free_port};

use crate::KEY;
use crate::process::{Server, command};

const LLMS: usize = 50;
const RUNS: u32 = 1000;
const SAMPLES: usize = 1000;
const RANKING: &str = "/api/v1/benchmark/TTFT?window=30d&statistic=p95";

/// Prints how long the ranking takes on either engine, computed and cached.
pub(crate) fn measure_all(folder: &Path) {
    let postgres = PostgresServer::start();
    let file = folder.join("windows.db");
    let engines =
        [("SQLite", format!("sqlite://{}", file.display())), ("PostgreSQL", postgres.url())];
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let config = PostgresConfig::from_url(&engines[1].1).expect("a URL");
        let on_postgres = PostgresStore::open(&config).await.expect("a store");
        let on_sqlite = SqliteStore::open(&file).await.expect("a store");
        fill(&[Arc::new(on_sqlite), Arc::new(on_postgres)]).await;
    });
    drop(runtime);
    println!("\nGET {RANKING}: {LLMS} LLMs of {RUNS} runs of {SAMPLES} samples, milliseconds\n");
    println!("{:44} {:>9} {:>9} {:>9}", "", "first", "median", "p95");
    for (engine, url) in engines {
        let computed = serve(&url, "0");
        let idle_memory = computed.resident_bytes();
        report(&format!("{engine}, computed"), &mut latencies(&computed, 40));
        let more = computed.resident_bytes().saturating_sub(idle_memory);
        println!("{:44} {:>9} MiB more memory", "", more / 1024 / 1024);
        drop(computed);
        report(&format!("{engine}, cached"), &mut latencies(&serve(&url, "3600"), 2000));
    }
}

/// Records the same runs in every store.
#[expect(clippy::disallowed_methods, reason = "the server's window ends at the system's time")]
async fn fill(stores: &[Arc<dyn RunStore>]) {
    let now = Utc::now();
    let simulation = Simulation::new(Scenario::ending_at(now)).expect("a scenario");
    let profiles: Vec<_> = (0..LLMS).map(profile).collect();
    for age in (0..RUNS).rev() {
        let started_at = now - TimeDelta::minutes(43) * age.cast_signed();
        let runs: Vec<_> =
            profiles.iter().map(|profile| run(&simulation, profile, age, started_at)).collect();
        for store in stores {
            store.record(&runs, now, None).await.expect("they are recorded");
        }
    }
}

fn profile(at: usize) -> Profile {
    let defaults = Profile::defaults();
    let name = LlmName::parse(&format!("llm-{at}")).expect("a name");
    Profile { llm: Llm { name, provider: None }, ..defaults[at % defaults.len()].clone() }
}

fn run(simulation: &Simulation, profile: &Profile, age: u32, started_at: Timestamp) -> Run {
    let mut summary = Summary::default();
    for request in simulation.requests(profile, age).flatten().take(SAMPLES) {
        summary.add(request.ttft).expect("a sample");
    }
    Run::new(RunParts {
        llm: profile.llm.clone(),
        workload: Workload::default(),
        source: Source::Simulation,
        started_at,
        tool: None,
        requests: Requests::all_successful(SAMPLES as u64),
        measurements: [(metrics::TTFT, Measurement::Sampled(summary))].into(),
        provenance: None,
    })
    .expect("a run")
}

fn serve(database: &str, cache_expiration: &str) -> Server {
    let port = free_port();
    let mut serving = command(Path::new(env!("CARGO_BIN_EXE_benchmark-api")));
    serving
        .env("DATABASE_URL", database)
        .env("CACHE_EXPIRATION", cache_expiration)
        .env("LOG_LEVEL", "warn")
        .env("API_KEY", KEY)
        .env("PORT", port.to_string());
    Server::spawn(serving.arg("serve"), port)
}

/// How long so many requests took, one after the other.
fn latencies(server: &Server, requests: usize) -> Vec<Duration> {
    let agent = ureq::Agent::new_with_defaults();
    let url = format!("{}{RANKING}", server.url());
    let ask = |_| {
        let begun = Instant::now();
        let mut answer = agent.get(&url).header("X-API-Key", KEY).call().expect("an answer");
        let body = answer.body_mut().read_to_string().expect("a body");
        let took = begun.elapsed();
        assert_eq!(body.matches("\"llm_name\"").count(), LLMS, "every LLM");
        took
    };
    (0..requests).map(ask).collect()
}

fn report(what: &str, latencies: &mut [Duration]) {
    let first = latencies[0];
    latencies.sort_unstable();
    let at = |share: f64| latencies[(share * (latencies.len() - 1) as f64) as usize];
    let [first, median, p95] = [first, at(0.5), at(0.95)].map(|took| took.as_secs_f64() * 1000.0);
    println!("{what:44} {first:>9.2} {median:>9.2} {p95:>9.2}");
}
