//! Our warm ranking against a bare actix-web handler that checks one header
//! and returns the same bytes with an ETag.
//!
//! Servers run on one core, the client (`wrk`) on the other. Every comparison
//! is made of pairs in the order A B B A, so that a machine whose speed drifts
//! slows both alike, and prints the median of the ratios with the 95 % interval
//! of their mean. `BENCH_SECONDS` (2) and `BENCH_ROUNDS` (3) make it longer.

mod bare;
mod load;
mod process;

use std::path::Path;
use std::time::Duration;

use benchmark_domain::{Contender, Llm, LlmName, Statistic};
use load::{Load, Measured};
use process::{Server, command, free_port};

const KEY: &str = "bench-key-0123456789";

fn main() {
    let args: Vec<_> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "bare") {
        return bare::serve(&args[at + 1], Path::new(&args[at + 2]));
    }
    let number = |key, default: usize| {
        std::env::var(key).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (seconds, rounds) = (number("BENCH_SECONDS", 2), number("BENCH_ROUNDS", 3));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let quiet =
        Ours::start(folder.path(), "quiet", "info,access=off", "3600", &["--samples", "1000"]);
    let logging = Ours::start(folder.path(), "logging", "info", "3600", &["--samples", "1000"]);
    let body = quiet.body();
    assert_eq!(body.matches("\"llm_name\"").count(), 10, "ten entries");
    let bytes = folder.path().join("body.json");
    std::fs::write(&bytes, &body).expect("the body is written");
    let port = free_port();
    let bare = Server::spawn(
        command(&std::env::current_exe().expect("this program"))
            .args(["bare", &port.to_string()])
            .arg(&bytes),
        port,
    );

    println!("GET /api/v1/benchmark/TTFT, {} bytes, ratios are ours / bare\n", body.len());
    println!("{:41} {:>9} {:>22} {:>9} {:>9}", "", "req/s", "(95 % interval)", "CPU/req", "p99");
    for connections in [32, 256] {
        for status in [200, 304] {
            for (log, ours) in [("off", &quiet), ("on", &logging)] {
                let measure = |server: &Server| {
                    let etag = (status == 304).then(|| server.etag(KEY));
                    Load { path: TTFT, key: KEY, etag, connections, seconds }.run(server)
                };
                let ratios = compare(rounds, || measure(&ours.server), || measure(&bare));
                let what = format!("{status}, {connections} connections, access log {log}");
                println!("{what:41} {ratios}");
            }
        }
    }
    drop((quiet, logging, bare));
    samples_taken_in(folder.path(), rounds, seconds);
}

const TTFT: &str = "/api/v1/benchmark/TTFT";

/// Cold reads, nothing cached, with 10 thousand and with 10 million samples.
fn samples_taken_in(folder: &Path, rounds: usize, seconds: usize) {
    let few = Ours::start(folder, "few", "info,access=off", "0", &["--samples", "1000"]);
    let many = Ours::start(
        folder,
        "many",
        "info,access=off",
        "0",
        &["--samples", "1000", "--runs", "1000"],
    );
    let load = Load { path: TTFT, key: KEY, etag: None, connections: 32, seconds };
    let ratios = compare(rounds, || load.run(&many.server), || load.run(&few.server));
    println!("{:41} {ratios}", "uncached, 10 million samples / 10 thousand");
    println!(
        "\nready after {} ms, {} MiB of memory before the first request",
        few.server.ready_after().as_millis(),
        few.idle_memory / 1024 / 1024,
    );
}

/// The service with simulated runs.
struct Ours {
    server: Server,
    idle_memory: u64,
}

impl Ours {
    fn start(folder: &Path, name: &str, log: &str, expiration: &str, simulate: &[&str]) -> Self {
        let database = format!("sqlite://{}/{name}.db", folder.display());
        let program = Path::new(env!("CARGO_BIN_EXE_benchmark-api"));
        let filled = std::process::Command::new(program)
            .env("DATABASE_URL", &database)
            .arg("simulate")
            .args(simulate)
            .output()
            .expect("the program starts");
        assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
        let port = free_port();
        let errors = std::fs::File::create(folder.join(format!("{name}.log"))).expect("a log file");
        let server = Server::spawn(
            command(program)
                .arg("serve")
                .env("DATABASE_URL", database)
                .env("API_KEY", KEY)
                .env("PORT", port.to_string())
                .env("WORKERS", "1")
                .env("LOG_LEVEL", log)
                .env("LOG_FORMAT", "json")
                .env("CACHE_EXPIRATION", expiration)
                .stderr(errors),
            port,
        );
        std::thread::sleep(Duration::from_millis(300));
        let idle_memory = server.resident_bytes();
        Self { server, idle_memory }
    }

    fn body(&self) -> String {
        self.server.get(TTFT, KEY).into_body().read_to_string().expect("a body")
    }
}

/// Ratios of what `ours` and `theirs` measured, pair by pair.
struct Ratios {
    throughput: Vec<f64>,
    cpu: Vec<f64>,
    p99: Vec<f64>,
}

fn compare(rounds: usize, ours: impl Fn() -> Measured, theirs: impl Fn() -> Measured) -> Ratios {
    let mut ratios = Ratios { throughput: vec![], cpu: vec![], p99: vec![] };
    for _ in 0..rounds {
        let (a, b) = (ours(), theirs());
        let (c, d) = (theirs(), ours());
        for (ours, theirs) in [(a, b), (d, c)] {
            ratios.throughput.push(ours.requests_per_second / theirs.requests_per_second);
            ratios.cpu.push(ours.cpu_per_request / theirs.cpu_per_request);
            ratios.p99.push(ours.p99 / theirs.p99);
        }
    }
    ratios
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

impl std::fmt::Display for Ratios {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let llm =
            Llm { name: LlmName::parse("ours").map_err(|_| std::fmt::Error)?, provider: None };
        let interval = Contender::from_samples(llm, &self.throughput)
            .ok()
            .and_then(|ratios| ratios.estimate(Statistic::Mean)?.interval)
            .ok_or(std::fmt::Error)?;
        write!(
            f,
            "{:>9.3} {:>22} {:>9.3} {:>9.3}",
            median(&self.throughput),
            format!("({:.3} .. {:.3})", interval.low, interval.high),
            median(&self.cpu),
            median(&self.p99),
        )
    }
}
