//! What summarising a run costs, and what merging two runs does.

use std::hint::black_box;

use benchmark_domain::{Profile, Scenario, Simulation, Summary};
use chrono::DateTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// The TTFTs of a simulated run.
fn samples(profile: &Profile) -> Vec<f64> {
    let scenario = Scenario::ending_at(DateTime::UNIX_EPOCH);
    let count = scenario.samples as usize;
    let simulation = Simulation::new(scenario).expect("the scenario is valid");
    simulation.requests(profile, 0).flatten().map(|request| request.ttft).take(count).collect()
}

fn summary(c: &mut Criterion) {
    let profiles = Profile::defaults();
    let (one, other) = (samples(&profiles[0]), samples(&profiles[1]));
    let summarise = |samples| Summary::from_samples(samples).expect("the samples are valid");

    let mut group = c.benchmark_group("summary");
    group.throughput(Throughput::Elements(one.len() as u64));
    group.bench_function("add 1,000 samples", |b| b.iter(|| summarise(black_box(&one))));
    group.throughput(Throughput::Elements(1));
    let (one, other) = (summarise(&one), summarise(&other));
    group.bench_function("merge", |b| {
        b.iter_batched_ref(|| one.clone(), |one| one.merge(&other), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, summary);
criterion_main!(benches);
