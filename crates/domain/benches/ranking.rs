//! What a ranking costs: the tests of all pairs (`standings`), and the whole
//! of `rank`, contenders of 150 samples in, entries out.

use std::hint::black_box;

use benchmark_domain::{
    Contender, Direction, Estimate, Llm, LlmName, LogNormal, Profile, Scenario, Simulation,
    Statistic, rank, standings,
};
use chrono::DateTime;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SAMPLES: usize = 150;

/// How the LLMs of a field lie to each other.
#[derive(Clone, Copy)]
enum Field {
    /// Medians from 0.4 to 4 s: most pairs are clear, neighbours are not.
    Overlapping,
    /// Medians within 20 %: most pairs are near the limit of significance.
    NearlyEqual,
}

impl Field {
    const ALL: [(&str, Self); 2] =
        [("overlapping", Self::Overlapping), ("nearly equal", Self::NearlyEqual)];

    /// The TTFTs of so many LLMs.
    fn contenders(self, count: usize) -> Vec<Contender> {
        let simulation = Simulation::new(Scenario::ending_at(DateTime::UNIX_EPOCH)).expect("valid");
        let contender = |at: usize| {
            let position = at as f64 / count as f64;
            let median = match self {
                Self::Overlapping => 0.4 * 10_f64.powf(position),
                Self::NearlyEqual => 0.4 * 1.2_f64.powf(position),
            };
            let llm =
                Llm { name: LlmName::parse(&format!("llm-{at}")).expect("a name"), provider: None };
            let ttft = LogNormal::new(median, 0.35).expect("in range");
            let profile = Profile { llm: llm.clone(), ttft, ..Profile::defaults().remove(0) };
            let requests = simulation.requests(&profile, 0).flatten();
            let samples: Vec<_> = requests.map(|request| request.ttft).take(SAMPLES).collect();
            Contender::from_samples(llm, &samples).expect("valid samples")
        };
        (0..count).map(contender).collect()
    }
}

fn ranking(c: &mut Criterion) {
    let direction = Direction::LowerIsBetter;
    for (name, field) in Field::ALL {
        let mut group = c.benchmark_group(format!("ranking/{name}"));
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
