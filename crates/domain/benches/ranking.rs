//! What a ranking costs: the tests of all pairs (`standings`), and the whole
//! of `rank`, from contenders with runs of 150 samples to entries.

use std::hint::black_box;

use benchmark_domain::{
    Contender, Direction, Estimate, Llm, LlmName, LogNormal, PooledRuns, Profile, Requests,
    Scenario, Simulation, Statistic, rank, standings,
};
use chrono::DateTime;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SAMPLES: usize = 150;

/// How the LLMs to be ranked lie to each other.
struct Field {
    name: &'static str,
    /// The largest median divided by the smallest.
    ratio: f64,
    runs: u32,
}

const FIELDS: [Field; 3] = [
    // Most pairs are clear, neighbours are not.
    Field { name: "overlapping", ratio: 10.0, runs: 1 },
    // No pair is clear.
    Field { name: "nearly equal", ratio: 1.2, runs: 1 },
    // So few degrees of freedom that many pairs are decided by a p-value only.
    Field { name: "three runs each", ratio: 10.0, runs: 3 },
];

impl Field {
    /// The TTFTs of so many LLMs.
    fn contenders(&self, count: usize) -> Vec<Contender> {
        let simulation = Simulation::new(Scenario::ending_at(DateTime::UNIX_EPOCH)).expect("valid");
        let contender = |at: usize| {
            let name = LlmName::parse(&format!("llm-{at}")).expect("a name");
            let llm = Llm { name, provider: None };
            let median = 0.4 * self.ratio.powf(at as f64 / count as f64);
            let ttft = LogNormal::new(median, 0.35).expect("in range");
            let profile = Profile { llm: llm.clone(), ttft, ..Profile::defaults().remove(0) };
            let run = |age| {
                let requests = simulation.requests(&profile, age).flatten();
                let samples: Vec<_> = requests.map(|request| request.ttft).take(SAMPLES).collect();
                Contender::from_samples(llm.clone(), &samples).expect("valid samples").runs
            };
            let mut runs = PooledRuns::default();
            (0..self.runs).for_each(|age| runs.merge(&run(age)));
            Contender { llm: llm.clone(), runs, requests: Requests::default() }
        };
        (0..count).map(contender).collect()
    }
}

fn ranking(c: &mut Criterion) {
    let direction = Direction::LowerIsBetter;
    for field in FIELDS {
        let mut group = c.benchmark_group(format!("ranking/{}", field.name));
        for count in [20, 200, 2_000] {
            let contenders = field.contenders(count);
            let estimates: Vec<Estimate> =
                contenders.iter().filter_map(|c| c.estimate(Statistic::Mean)).collect();
            group.throughput(Throughput::Elements(count as u64));
            group.bench_with_input(BenchmarkId::new("standings", count), &estimates, |b, e| {
                b.iter(|| standings(black_box(e), direction));
            });
            for statistic in [Statistic::Mean, Statistic::P90] {
                let id = BenchmarkId::new(format!("rank by {statistic}"), count);
                group.bench_with_input(id, &contenders, |b, contenders| {
                    b.iter_batched(
                        || contenders.clone(),
                        |contenders| rank(direction, statistic, contenders),
                        BatchSize::LargeInput,
                    );
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, ranking);
criterion_main!(benches);
