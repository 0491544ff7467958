use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use sha2::{Digest, Sha256};

use super::*;
use crate::llm::LlmName;
use crate::metric::{MetricName, metrics};

const FOUR: [MetricName; 4] = [metrics::TTFT, metrics::TPOT, metrics::E2E_LATENCY, metrics::TPS];

/// A few short runs of every default profile.
fn scenario() -> Scenario {
    let ends_at = DateTime::from_timestamp(1_760_000_000, 0).unwrap();
    Scenario { seed: 42, samples: 50, runs: 3, ..Scenario::ending_at(ends_at) }
}

fn runs(scenario: Scenario) -> Vec<Run> {
    Simulation::new(scenario).unwrap().runs().collect()
}

/// The only run of the only LLM.
fn single(profile: Profile, samples: u32) -> Run {
    runs(Scenario { profiles: vec![profile], samples, runs: 1, ..scenario() }).remove(0)
}

fn profile() -> Profile {
    Profile::defaults().remove(0)
}

fn mean(run: &Run, metric: &MetricName) -> f64 {
    run.measurements()[metric].mean()
}

#[test]
fn the_same_seed_gives_the_same_runs() {
    assert_eq!(runs(scenario()), runs(scenario()));
}

#[test]
fn another_seed_gives_other_runs() {
    let [one, other] = [42, 43].map(|seed| {
        let runs = runs(Scenario { seed, ..scenario() });
        runs.iter().map(Run::id).collect::<BTreeSet<_>>()
    });
    assert!(one.is_disjoint(&other));
}

/// A new value here means that every simulated figure out there changes.
#[test]
fn the_numbers_are_the_same_bits_everywhere_and_always() {
    let simulation = Simulation::new(scenario()).unwrap();
    let mut bits = Sha256::new();
    for request in simulation.requests(&profile(), 0).flatten().take(2_500) {
        for sample in [request.ttft, request.tpot, request.e2e_latency(), request.tps()] {
            bits.update(sample.to_bits().to_le_bytes());
        }
    }
    let hash: String = bits.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "e4561244c9a7f56f138f1e61e414e4a813318ed0ab399785c875acd51a88d116");
    let newest = single(profile(), 1_000);
    let means = FOUR.map(|metric| mean(&newest, &metric).to_bits());
    let expected = [
        0x3fee_1121_f92f_ccac,
        0x3f8d_94bd_3002_bf15,
        0x4010_05d6_ddaa_ad10,
        0x404a_60f6_0cc9_e56e,
    ];
    assert_eq!(means, expected);
}

#[test]
fn further_llms_and_older_runs_leave_the_others_as_they_are() {
    let few = Scenario { runs: 1, profiles: vec![profile()], ..scenario() };
    let many = runs(scenario());
    assert!(runs(few).iter().all(|run| many.contains(run)));
}

#[test]
fn every_llm_has_its_runs_and_the_newest_come_last() {
    let simulation = Simulation::new(scenario()).unwrap();
    assert_eq!(simulation.runs().len(), 30);
    let runs: Vec<_> = simulation.runs().collect();
    let day = TimeDelta::days(1);
    for (age, of_a_day) in runs.rchunks(10).enumerate() {
        assert!(of_a_day.iter().all(|r| r.started_at == scenario().ends_at - day * age as i32));
        let llms: Vec<_> = of_a_day.iter().map(|run| &run.llm).collect();
        assert_eq!(llms, scenario().profiles.iter().map(|p| &p.llm).collect::<Vec<_>>());
    }
    assert!(runs.iter().all(|run| run.source == Source::Simulation));
}

#[test]
fn consumers_find_the_llms_that_they_know() {
    let names: Vec<_> = Profile::defaults()
        .into_iter()
        .filter(|profile| profile.llm.provider.is_none())
        .map(|profile| profile.llm.name.to_string())
        .collect();
    for known in ["Llama 3.1 405", "GPT-4o", "Claude 3.5 Sonnet"] {
        assert!(names.iter().any(|name| name == known), "{known}");
    }
}

#[test]
fn medians_are_near_those_of_the_profile() {
    let run = single(profile(), 5_000);
    for (metric, expected) in
        [(metrics::TTFT, profile().ttft.median()), (metrics::TPOT, profile().tpot.median())]
    {
        let found = run.measurements()[&metric].quantiles().p50.unwrap();
        // Three times what runs differ by, and the sketch's error.
        assert!((found / expected - 1.0).abs() < 0.1, "{metric}: {found} for {expected}");
    }
    let simulation = Simulation::new(scenario()).unwrap();
    let requests = simulation.requests(&profile(), 0).flatten().take(5_001);
    let mut tokens: Vec<_> = requests.map(|request| f64::from(request.output_tokens)).collect();
    tokens.sort_by(f64::total_cmp);
    let expected = profile().output_tokens.median();
    assert!((tokens[2_500] / expected - 1.0).abs() < 0.04, "{} for {expected}", tokens[2_500]);
}

#[test]
fn latency_and_throughput_follow_from_what_was_drawn() {
    let simulation = Simulation::new(scenario()).unwrap();
    let run = single(profile(), 500);
    let requests: Vec<_> = simulation.requests(&profile(), 0).flatten().take(500).collect();
    let sum = |value: fn(&SimulatedRequest) -> f64| requests.iter().map(value).sum::<f64>();
    let tokens = sum(|r| f64::from(r.output_tokens));
    let seconds = sum(|r| r.ttft + f64::from(r.output_tokens - 1) * r.tpot);
    let rates = sum(|r| f64::from(r.output_tokens) / r.e2e_latency());
    for (metric, expected) in [
        (metrics::E2E_LATENCY, seconds / 500.0),
        (metrics::TPS, rates / 500.0),
        // Ten requests at a time.
        (metrics::RPS, 500.0 * 10.0 / seconds),
        (metrics::SYSTEM_TPS, tokens * 10.0 / seconds),
    ] {
        let found = mean(&run, &metric);
        assert!((found / expected - 1.0).abs() < 1e-12, "{metric}: {found} for {expected}");
    }
}

#[test]
fn failures_come_on_top_of_the_samples() {
    let run = single(Profile { failure_rate: 0.25, ..profile() }, 5_000);
    for metric in FOUR {
        assert_eq!(run.measurements()[&metric].count(), Some(5_000));
    }
    assert_eq!(run.requests.attempted(), run.requests.failed() + 5_000);
    let rate = mean(&run, &metrics::ERROR_RATE);
    assert!((rate - 0.25).abs() < 0.02, "{rate}");
}

#[test]
fn whatever_the_profile_a_run_is_valid() {
    let [shortest, longest] = [1e-6, 1e6].map(|median| LogNormal::new(median, 2.0).unwrap());
    for (seconds, output_tokens) in [(shortest, shortest), (longest, longest), (shortest, longest)]
    {
        let extreme =
            Profile { ttft: seconds, tpot: seconds, output_tokens, failure_rate: 0.9, ..profile() };
        let mut at_once = Scenario { profiles: vec![extreme], ..scenario() };
        at_once.workload.conditions.concurrency = Some(10_000);
        assert_eq!(runs(at_once).len(), 3);
    }
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let refusal = |scenario| Simulation::new(scenario).unwrap_err().to_string();
    let mut crowded = scenario();
    crowded.workload.conditions.concurrency = Some(0);
    let mut unlimited = scenario();
    unlimited.workload.conditions.request_rate = Some(f64::INFINITY);
    let failing = Profile { failure_rate: f64::NAN, ..profile() };
    for (scenario, name) in [
        (Scenario { samples: 0, ..scenario() }, "samples"),
        (Scenario { samples: 10_000_001, ..scenario() }, "samples"),
        (Scenario { runs: 0, ..scenario() }, "runs"),
        (Scenario { runs: 10_001, ..scenario() }, "runs"),
        (crowded, "concurrency"),
        (unlimited, "request_rate"),
        (Scenario { profiles: vec![failing], ..scenario() }, "failure rate"),
        (Scenario { spacing: TimeDelta::zero(), ..scenario() }, "spacing"),
        (Scenario { spacing: TimeDelta::days(20_000), ..scenario() }, "ends_at"),
        (Scenario { spacing: TimeDelta::MAX, ..scenario() }, "ends_at"),
        (Scenario { ends_at: DateTime::<chrono::Utc>::MAX_UTC, ..scenario() }, "ends_at"),
    ] {
        let refusal = refusal(scenario);
        assert!(refusal.starts_with(name), "{refusal}");
    }
    for (median, spread, name) in
        [(0.0, 0.1, "median"), (f64::INFINITY, 0.1, "median"), (1.0, -0.1, "spread")]
    {
        let refusal = LogNormal::new(median, spread).unwrap_err().to_string();
        assert!(refusal.starts_with(name), "{refusal}");
    }
}

#[test]
fn the_default_profiles_are_ten_llms_in_range() {
    let profiles = Profile::defaults();
    let names: BTreeSet<_> = profiles.iter().map(|p| LlmName::clone(&p.llm.name)).collect();
    assert_eq!(names.len(), 10);
    for Profile { ttft, tpot, output_tokens, .. } in profiles {
        for LogNormal { median, spread } in [ttft, tpot, output_tokens] {
            assert!(LogNormal::new(median, spread).is_ok());
        }
    }
}
