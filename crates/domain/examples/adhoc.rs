#![allow(missing_docs, clippy::unwrap_used)]
use benchmark_domain::*;
fn main() {
    let at = chrono::DateTime::from_timestamp(1_760_000_000, 0).unwrap();
    for runs in [1u32, 5, 10] {
    let sim = Simulation::new(Scenario { runs, ..Scenario::ending_at(at) }).unwrap();
    let all: Vec<Run> = sim.runs().collect();
    for m in metrics::BUILT_IN {
        if m.name == metrics::ITL { continue; }
        let contenders = Profile::defaults().into_iter().map(|p| Contender { runs: all.iter().filter(|r| r.llm == p.llm).map(|r| RunMeasurement { run: r.id(), started_at: r.started_at, source: r.source, requests: r.requests, measurement: r.measurements()[&m.name].clone() }).collect(), llm: p.llm });
        println!("{} {runs}", m.name);
        for r in rank(m.direction, Statistic::Mean, contenders) {
            println!("  {:2} {:20} {:9.4} {:?} {}..{} {}", r.rank, r.llm.name, r.value, r.interval.map(|i| (i.low, i.high)), r.rank_interval.low, r.rank_interval.high, r.provisional);
        }
    }}
}
