//! How many samples a second the simulation makes: drawn only, and as runs of
//! 1,000 requests each, summarised and hashed. A request has four samples:
//! TTFT, TPOT, E2E_LATENCY and TPS.

use std::hint::black_box;

use benchmark_domain::{Scenario, Simulation};
use chrono::DateTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RUNS: u32 = 10;
const SAMPLES_PER_REQUEST: u64 = 4;

fn simulation(c: &mut Criterion) {
    let scenario = Scenario { runs: RUNS, ..Scenario::ending_at(DateTime::UNIX_EPOCH) };
    let scenario =
        Scenario { ends_at: scenario.ends_at + scenario.spacing * RUNS as i32, ..scenario };
    let profile = scenario.profiles[0].clone();
    let requests = scenario.samples as usize * RUNS as usize * scenario.profiles.len();
    let simulation = Simulation::new(scenario).expect("the scenario is valid");

    let mut group = c.benchmark_group("simulation");
    group.throughput(Throughput::Elements(requests as u64 * SAMPLES_PER_REQUEST));
    group.bench_function("drawn only", |b| {
        b.iter(|| {
            for request in simulation.requests(&profile, 0).flatten().take(requests) {
                black_box((request.ttft, request.tpot, request.e2e_latency(), request.tps()));
            }
        });
    });
    group.bench_function("as runs", |b| {
        b.iter(|| simulation.runs().map(black_box).count());
    });
    group.finish();
}

criterion_group!(benches, simulation);
criterion_main!(benches);
