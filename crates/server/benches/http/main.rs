//! Our ranking against a bare actix-web handler that checks one header and
//! returns the same bytes with an ETag: warm, out of Redis, and out of
//! PostgreSQL; recording against `COPY`; and a ranking over a window of many
//! runs. Arguments choose among them: `warm`, `samples`, `engines`, `recording`,
//! `windows`.
//!
//! Servers run on one core, the client (`wrk`) on the other. Every comparison
//! is made of pairs in the order A B B A, so that a machine whose speed drifts
//! slows both alike, and prints the median of the ratios with the 95 % interval
//! of their mean. `BENCH_SECONDS` (2) and `BENCH_ROUNDS` (3) make it longer.

mod bare;
mod compare;
mod engines;
mod load;
mod ours;
mod process;
mod recording;
mod windows;

use std::path::Path;

use compare::{Ratios, pairs};
use load::{Load, Measured};
use ours::Ours;
use process::{Server, command, free_port};

const KEY: &str = "bench-key-0123456789";

fn main() {
    let args: Vec<_> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "bare") {
        return bare::serve(&args[at + 1..]);
    }
    let number = |key, default: usize| {
        std::env::var(key).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (seconds, rounds) = (number("BENCH_SECONDS", 2), number("BENCH_ROUNDS", 3));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    const PARTS: [&str; 5] = ["warm", "samples", "engines", "recording", "windows"];
    let is_any_chosen = args.iter().any(|arg| PARTS.contains(&&**arg));
    for part in PARTS {
        if is_any_chosen && !args.iter().any(|arg| arg == part) {
            continue;
        }
        match part {
            "warm" => warm(folder, rounds, seconds),
            "samples" => samples_taken_in(folder, rounds, seconds),
            "engines" => engines::compare_all(folder, rounds, seconds),
            "recording" => recording::compare_all(rounds),
            _ => windows::measure_all(folder),
        }
    }
}

/// Answers out of the process's memory.
fn warm(folder: &Path, rounds: usize, seconds: usize) {
    let long = ("CACHE_EXPIRATION", "3600");
    let (off, on) = (("LOG_LEVEL", "info,access=off"), ("LOG_LEVEL", "info"));
    let samples = ["--samples", "1000"];
    let quiet = Ours::start(folder, "quiet", &[long, off], &samples);
    let logging = Ours::start(folder, "logging", &[long, on], &samples);
    let body = quiet.body();
    assert_eq!(body.matches("\"llm_name\"").count(), 10, "ten entries");
    let bytes = folder.join("body.json");
    std::fs::write(&bytes, &body).expect("the body is written");
    let bare = bare(&["memory", path(&bytes)]);

    println!("GET /api/v1/benchmark/TTFT, {} bytes, ratios are ours / bare\n", body.len());
    println!("{:44} {:>9} {:>22} {:>9} {:>9}", "", "req/s", "(95 % interval)", "CPU/req", "p99");
    for connections in [32, 256] {
        for status in [200, 304] {
            for (log, ours) in [("off", &quiet), ("on", &logging)] {
                let measure = |server: &Server| {
                    let etag = (status == 304).then(|| server.etag(KEY));
                    Load { key: KEY, etag, connections, seconds, various: false }.run(server)
                };
                let what = format!("{status}, {connections} connections, access log {log}");
                compare(&what, rounds, || measure(&ours.server), || measure(&bare));
            }
        }
    }
}

/// Starts a bare handler; it is told where its answers come from.
fn bare(args: &[&str]) -> Server {
    let port = free_port();
    let this = std::env::current_exe().expect("this program");
    Server::spawn(command(&this).args(["bare", &port.to_string()]).args(args), port)
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

const TTFT: &str = "/api/v1/benchmark/TTFT";

/// Cold reads, nothing cached, with 10 thousand and with 10 million samples.
fn samples_taken_in(folder: &Path, rounds: usize, seconds: usize) {
    let vars = [("LOG_LEVEL", "info,access=off"), ("CACHE_EXPIRATION", "0")];
    let few = Ours::start(folder, "few", &vars, &["--samples", "1000"]);
    let many = Ours::start(folder, "many", &vars, &["--samples", "1000", "--runs", "1000"]);
    let load = Load { key: KEY, etag: None, connections: 32, seconds, various: false };
    let what = "uncached, 10 million samples / 10 thousand";
    compare(what, rounds, || load.run(&many.server), || load.run(&few.server));
    println!(
        "\nready after {} ms, {} MiB of memory before the first request\n",
        few.server.ready_after().as_millis(),
        few.idle_memory / 1024 / 1024,
    );
}

/// Compares loads, and prints the ratios of what they measured.
fn compare(what: &str, rounds: usize, ours: impl Fn() -> Measured, theirs: impl Fn() -> Measured) {
    let measured = pairs(rounds, ours, theirs);
    let ratios = |figure: fn(&Measured) -> f64| {
        Ratios(measured.iter().map(|(ours, theirs)| figure(ours) / figure(theirs)).collect())
    };
    println!(
        "{what:44} {} {:>9.3} {:>9.3}",
        ratios(|measured| measured.requests_per_second),
        ratios(|measured| measured.cpu_per_request).median(),
        ratios(|measured| measured.p99).median(),
    );
}
