//! Our figures against those that numpy, scipy and statsmodels computed from
//! the same real measurements.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use benchmark_domain::{
    Contender, Direction, Llm, LlmName, RankedLlm, Requests, Statistic, Summary, Tier, metrics,
    rank,
};
use serde_json::Value;

const EXACT: f64 = 1e-9;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/llmperf-leaderboard")
}

fn json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

fn number(record: &Value, field: &str) -> f64 {
    record[field].as_f64().unwrap_or_else(|| panic!("{field} in {record}"))
}

/// A metric's samples: one for each request that succeeded.
fn samples(records: &[Value], metric: &str) -> Vec<f64> {
    let value = |r: &Value| match metric {
        "TTFT" => number(r, "ttft_s"),
        "E2E_LATENCY" => number(r, "end_to_end_latency_s"),
        "TPS" => number(r, "number_output_tokens") / number(r, "end_to_end_latency_s"),
        other => panic!("no such metric in the reference: {other}"),
    };
    records.iter().filter(|r| r["error_code"].is_null()).map(value).collect()
}

fn contender(provider: &str, size: &str, metric: &str) -> Contender {
    let path = fixtures().join(format!("individual/{provider}_{size}.json"));
    let records = json(&path);
    let records = records.as_array().unwrap();
    let samples = samples(records, metric);
    let llm = Llm { name: LlmName::parse(provider).unwrap(), provider: None };
    let mut contender = Contender::from_samples(llm, &samples).unwrap();
    let (attempted, ok) = (records.len() as u64, samples.len() as u64);
    contender.requests = Requests::new(attempted, attempted - ok).unwrap();
    contender
}

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let off = (found / expected - 1.0).abs();
    assert!(off <= tolerance, "{what}: {found} for {expected}, off by {off:e}");
}

/// Each ranking of the reference with ours beside it.
fn for_each_entry(check: impl Fn(&str, &str, &Value, &RankedLlm)) {
    let reference = json(&fixtures().join("reference.json"));
    let mut entries = 0;
    for (size, metrics) in reference.as_object().unwrap() {
        for (metric, expected) in metrics.as_object().unwrap() {
            let expected = expected.as_array().unwrap();
            let direction = match metric.as_str() {
                "TPS" => Direction::HigherIsBetter,
                _ => Direction::LowerIsBetter,
            };
            let contenders =
                expected.iter().map(|e| contender(e["provider"].as_str().unwrap(), size, metric));
            let found = rank(direction, Statistic::Mean, contenders);
            assert_eq!(found.len(), expected.len());
            for (expected, found) in expected.iter().zip(&found) {
                check(size, metric, expected, found);
                entries += 1;
            }
        }
    }
    assert_eq!(entries, 39, "five small and eight large models, three metrics each");
}

#[test]
fn order_ranks_and_rank_intervals_are_the_reference() {
    for_each_entry(|size, metric, expected, found| {
        let what = format!("{metric} of {size} at {}", found.llm.name);
        assert_eq!(expected["provider"], found.llm.name.as_str(), "{what}");
        assert_eq!(expected["rank"], found.rank, "{what}");
        assert_eq!(expected["rank_low"], found.rank_interval.low, "{what}");
        assert_eq!(expected["rank_high"], found.rank_interval.high, "{what}");
        assert_eq!(expected["mostly_failed"], found.tier == Tier::MostlyFailed, "{what}");
        assert_eq!(expected["n"], found.sample_count, "{what}");
        assert_eq!(expected["attempted"], found.requests.attempted(), "{what}");
    });
}

#[test]
fn means_deviations_and_intervals_are_the_reference() {
    for_each_entry(|size, metric, expected, found| {
        let what = format!("{metric} of {size} at {}", found.llm.name);
        let interval = found.interval.unwrap();
        assert_close(found.mean, number(expected, "mean"), EXACT, &what);
        assert_close(found.value, number(expected, "mean"), EXACT, &what);
        assert_close(interval.low, number(expected, "ci_low"), EXACT, &what);
        assert_close(interval.high, number(expected, "ci_high"), EXACT, &what);
        let records = json(&fixtures().join(format!("individual/{}_{size}.json", found.llm.name)));
        let summary = Summary::from_samples(&samples(records.as_array().unwrap(), metric)).unwrap();
        let deviation = summary.standard_deviation().unwrap();
        assert_close(deviation, number(expected, "stddev"), EXACT, &what);
    });
}

#[test]
fn percentiles_of_enough_samples_are_within_the_sketch_error() {
    for_each_entry(|size, metric, expected, found| {
        for percentile in [Statistic::P50, Statistic::P90, Statistic::P95, Statistic::P99] {
            let what = format!("{percentile} of {metric} of {size} at {}", found.llm.name);
            let is_told = found.sample_count >= percentile.min_samples();
            assert_eq!(found.missing(&metrics::TTFT, percentile).is_none(), is_told, "{what}");
            let Some(value) = found.quantiles.get(percentile) else { continue };
            let error = benchmark_domain::QuantileSketch::RELATIVE_ERROR;
            assert_close(value, number(expected, percentile.as_str()), error, &what);
        }
    });
}
