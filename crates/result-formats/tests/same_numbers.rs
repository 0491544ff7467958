//! Every tool's file describes the same four requests, so every format gives
//! the same numbers wherever the file tells them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use benchmark_domain::{
    LlmName, Measurement, MetricName, Provider, Quantiles, Run, Source, Timestamp, WorkloadSlug,
    metrics,
};
use benchmark_result_formats::{Format, Hints, Imported, ResultFile};

const TTFT: [f64; 3] = [0.210, 0.260, 0.340];
const E2E_LATENCY: [f64; 3] = [0.350, 0.414, 0.490];
const TPOT: [f64; 3] = [0.140 / 7.0, 0.150 / 7.0, 0.154 / 7.0];
const TPS: [f64; 3] = [8.0 / 0.490, 8.0 / 0.414, 8.0 / 0.350];
/// Of the two requests that brought each token in a chunk of its own.
const ITL: [f64; 14] = [
    0.020, 0.020, 0.020, 0.020, 0.020, 0.020, 0.020, 0.022, 0.022, 0.022, 0.022, 0.022, 0.022,
    0.022,
];
const WINDOW: f64 = 0.59;

/// How a file tells a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// By its samples.
    Sampled,
    /// By mean, deviation and percentiles.
    Reported,
    /// Not at all, or under another definition.
    Not,
}
use Telling::{Not, Reported, Sampled};

struct Fixture {
    file: &'static str,
    format: &'static str,
    /// What measured, where it is not what the format is called.
    tool: &'static str,
    workload: &'static str,
    provider: Option<&'static str>,
    version: Option<&'static str>,
    /// Whether the file tells that a request failed.
    failure: bool,
    ttft: Telling,
    e2e_latency: Telling,
    tpot: Telling,
    tps: Telling,
    itl: Telling,
    rates: bool,
}

/// What every request of a file that holds them all tells.
const ALL: Fixture = Fixture {
    file: "",
    format: "",
    tool: "",
    workload: "128in-8out-c4",
    provider: None,
    version: None,
    failure: true,
    ttft: Sampled,
    e2e_latency: Sampled,
    tpot: Sampled,
    tps: Sampled,
    itl: Sampled,
    rates: true,
};

/// What the statistics of a run tell.
const STATISTICS: Fixture =
    Fixture { ttft: Reported, e2e_latency: Reported, tpot: Reported, tps: Not, itl: Not, ..ALL };

/// A report on what inference-perf measured.
const LLM_D: Fixture = Fixture {
    format: "llm-d",
    tool: "inference-perf",
    workload: "128in-8out-r20",
    version: Some("0.7.0"),
    ..STATISTICS
};

const FIXTURES: [Fixture; 18] = [
    Fixture {
        file: "vllm_bench_serve.json",
        format: "vllm",
        provider: Some("acme-eu"),
        // Of every request, the file has the latency.
        e2e_latency: Sampled,
        ..STATISTICS
    },
    Fixture {
        file: "vllm_bench_serve_detailed.json",
        format: "vllm",
        provider: Some("acme-eu"),
        ..ALL
    },
    Fixture {
        file: "sglang_bench_serving.jsonl#1",
        format: "sglang",
        version: Some("0.0.0"),
        failure: false,
        ..STATISTICS
    },
    Fixture {
        file: "sglang_bench_serving.jsonl#2",
        format: "sglang",
        workload: "128in-8out-c4-r4",
        version: Some("0.0.0"),
        ..ALL
    },
    Fixture {
        file: "guidellm.json",
        format: "guidellm",
        provider: Some("acme-eu"),
        version: Some("0.7.3"),
        itl: Not,
        ..ALL
    },
    Fixture {
        file: "guidellm_v1.json",
        format: "guidellm",
        version: Some("0.6.1"),
        tpot: Not,
        ..STATISTICS
    },
    Fixture { file: "guidellm_v0.json", format: "guidellm", itl: Not, ..ALL },
    Fixture {
        file: "guidellm_warm_up.json",
        format: "guidellm",
        version: Some("0.8.1"),
        itl: Not,
        ..ALL
    },
    Fixture {
        file: "llmperf_individual_responses.json",
        format: "llmperf",
        provider: Some("acme-eu"),
        version: Some("2023-08-31"),
        itl: Not,
        ..ALL
    },
    Fixture {
        file: "aiperf_profile_export.jsonl",
        format: "aiperf",
        version: Some("0.0.0"),
        ..ALL
    },
    Fixture {
        file: "aiperf_profile_export_aiperf.json",
        format: "aiperf",
        version: Some("0.0.0"),
        ..ALL
    },
    Fixture {
        file: "genai_perf_profile_export_genai_perf.json",
        format: "genai-perf",
        failure: false,
        ..STATISTICS
    },
    Fixture {
        file: "inference_benchmarker.json",
        format: "inference-benchmarker",
        workload: "128in-8out-c4-r4",
        provider: Some("acme-eu"),
        tpot: Not,
        ..STATISTICS
    },
    Fixture {
        file: "inference_perf_per_request_lifecycle_metrics.json",
        format: "inference-perf",
        workload: "hinted",
        ..ALL
    },
    Fixture {
        file: "inference_perf_stage_0_lifecycle_metrics.json",
        format: "inference-perf",
        workload: "128in-8out-r20",
        ..STATISTICS
    },
    Fixture {
        file: "inference_perf_summary_lifecycle_metrics.json",
        format: "inference-perf",
        workload: "hinted",
        ..STATISTICS
    },
    Fixture { file: "llm_d_benchmark_report.yaml", ..LLM_D },
    Fixture { file: "llm_d_benchmark_report.json", ..LLM_D },
];

fn path(file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/result-formats");
    folder.join(file)
}

fn opened(path: &Path) -> ResultFile<'static> {
    ResultFile::new(path, File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// What the files do not say themselves. The workload is hinted only where a
/// file does not tell its load.
fn hints(workload: &str) -> Hints {
    Hints {
        llm: LlmName::parse("acme/example-8b-instruct").ok(),
        started_at: Timestamp::from_timestamp_secs(1_767_268_800),
        workload: (workload == "hinted").then(|| WorkloadSlug::parse("hinted").unwrap()),
        ..Hints::default()
    }
}

fn import(file: &str, hints: &Hints) -> (Format, Imported) {
    let path = path(file);
    let mut file = opened(&path);
    let format = Format::recognise(&mut file).unwrap();
    let companion = format.companion_paths(&path).into_iter().find(|path| path.is_file());
    (format, format.read(file, companion.as_deref().map(opened), hints).unwrap())
}

fn run(fixture: &Fixture) -> Run {
    let (file, number) = fixture.file.split_once('#').unwrap_or((fixture.file, "1"));
    let (format, mut imported) = import(file, &hints(fixture.workload));
    assert_eq!(format.name(), fixture.format, "{}", fixture.file);
    imported.runs.remove(number.parse::<usize>().unwrap() - 1)
}

#[track_caller]
fn assert_close(found: Option<f64>, expected: f64, what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what} is missing"));
    // The tools round to six digits.
    assert!((found / expected - 1.0).abs() < 3e-5, "{what}: {found} for {expected}");
}

fn assert_same(fixture: &Fixture, run: &Run, metric: &MetricName, telling: Telling, truth: &[f64]) {
    let what = format!("{metric} of {}", fixture.file);
    let measured = run.measurements().get(metric);
    let found = match measured {
        None => Not,
        Some(Measurement::Sampled(_)) => Sampled,
        Some(Measurement::Reported(_)) => Reported,
    };
    assert_eq!(found, telling, "{what}");
    let Some(measured) = measured else { return };
    let n = truth.len() as f64;
    let mean = truth.iter().sum::<f64>() / n;
    let variance = truth.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Whether every answer had a second token, these do not tell.
    let is_uncounted = telling == Reported
        && *metric == metrics::TPOT
        && matches!(fixture.format, "vllm" | "sglang");
    assert_eq!(measured.count(), (!is_uncounted).then_some(truth.len() as u64), "{what}");
    assert_close(Some(measured.mean()), mean, &what);
    let Quantiles { p50, p99, .. } = measured.quantiles();
    let median = (truth[(truth.len() - 1) / 2] + truth[truth.len() / 2]) / 2.0;
    let (deviation, median_found) = match measured {
        Measurement::Sampled(summary) => {
            assert_close(summary.min(), truth[0], &what);
            assert_close(summary.max(), truth[truth.len() - 1], &what);
            let within_the_sketch = p50.filter(|p50| (p50 / median - 1.0).abs() < 0.011);
            (summary.standard_deviation(), within_the_sketch.map(|_| median))
        }
        Measurement::Reported(figures) => (figures.standard_deviation, p50),
    };
    assert_close(median_found, median, &what);
    let has_deviation =
        !matches!(fixture.format, "inference-benchmarker" | "inference-perf" | "llm-d");
    if telling == Sampled || has_deviation && !is_uncounted {
        // Six digits of a small difference are not six digits of it.
        let deviation = deviation.unwrap_or_else(|| panic!("{what} has no deviation"));
        assert!((deviation / variance.sqrt() - 1.0).abs() < 1e-4, "{what}: {deviation}");
    }
    // Between the last two, where each tool interpolates or does not.
    let p99 = p99.unwrap_or_else(|| panic!("{what} has no p99"));
    let last_two = truth[truth.len() - 2] * 0.98..=truth[truth.len() - 1] * 1.02;
    assert!(last_two.contains(&p99), "{what}: p99 of {p99}");
}

#[test]
fn all_formats_give_the_same_numbers() {
    for fixture in &FIXTURES {
        let run = run(fixture);
        for (metric, telling, truth) in [
            (metrics::TTFT, fixture.ttft, &TTFT[..]),
            (metrics::E2E_LATENCY, fixture.e2e_latency, &E2E_LATENCY),
            (metrics::TPOT, fixture.tpot, &TPOT),
            (metrics::TPS, fixture.tps, &TPS),
            (metrics::ITL, fixture.itl, &ITL),
        ] {
            assert_same(fixture, &run, &metric, telling, truth);
        }
        for (metric, truth) in [(metrics::SYSTEM_TPS, 24.0 / WINDOW), (metrics::RPS, 3.0 / WINDOW)]
        {
            let measured = run.measurements().get(&metric).map(Measurement::mean);
            assert!(fixture.rates, "every file tells the rates");
            assert_close(measured, truth, fixture.file);
            assert_eq!(run.measurements()[&metric].count(), Some(1), "{}", fixture.file);
        }
    }
}

#[test]
fn all_formats_count_the_same_requests() {
    for fixture in &FIXTURES {
        let requests = run(fixture).requests;
        let expected = if fixture.failure { (4, 1) } else { (3, 0) };
        assert_eq!((requests.attempted(), requests.failed()), expected, "{}", fixture.file);
    }
}

#[test]
fn all_formats_tell_of_the_same_llm_and_workload() {
    for fixture in &FIXTURES {
        let run = run(fixture);
        assert_eq!(run.llm.name.as_str(), "acme/example-8b-instruct", "{}", fixture.file);
        assert_eq!(run.llm.provider.as_ref().map(Provider::as_str), fixture.provider);
        assert_eq!(run.workload.slug.as_str(), fixture.workload, "{}", fixture.file);
        let conditions = &run.workload.conditions;
        let lengths = (conditions.input_tokens, conditions.output_tokens);
        assert_eq!(lengths, (Some(128), Some(8)), "{}", fixture.file);
    }
}

#[test]
fn every_run_keeps_where_it_came_from() {
    use sha2::{Digest, Sha256};

    for fixture in &FIXTURES {
        let run = run(fixture);
        assert_eq!(run.source, Source::Import);
        assert_eq!(run.started_at.timestamp(), 1_767_268_800, "{}", fixture.file);
        let tool = run.tool.as_ref().unwrap();
        let name = if fixture.tool.is_empty() { fixture.format } else { fixture.tool };
        assert_eq!((tool.name(), tool.version()), (name, fixture.version));
        let provenance = run.provenance.as_ref().unwrap();
        let file = match fixture.file.split('#').next().unwrap() {
            // The half with the requests.
            "aiperf_profile_export_aiperf.json" => "aiperf_profile_export.jsonl",
            file => file,
        };
        let bytes = std::fs::read(path(file)).unwrap();
        assert_eq!(provenance.file_name, file);
        assert_eq!(provenance.sha256[..], Sha256::digest(bytes)[..], "{file}");
        assert_eq!(provenance.importer_version, env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn the_same_bytes_are_the_same_runs() {
    for fixture in &FIXTURES {
        assert_eq!(run(fixture).id(), run(fixture).id(), "{}", fixture.file);
    }
}

/// What the file says of the LLM, its provider and the start, without hints.
#[test]
fn what_a_file_does_not_say_is_asked_for_by_its_flag() {
    let mut asked = BTreeMap::new();
    for fixture in &FIXTURES {
        let file = fixture.file.split('#').next().unwrap();
        let path = path(file);
        let mut opened_file = opened(&path);
        let format = Format::recognise(&mut opened_file).unwrap();
        let companion = format.companion_paths(&path).into_iter().find(|path| path.is_file());
        let read = format.read(opened_file, companion.as_deref().map(opened), &Hints::default());
        if let Err(refusal) = read {
            let refusal = refusal.to_string();
            asked.insert(file, refusal.split("give ").nth(1).unwrap().to_owned());
        }
    }
    let expected = [
        ("sglang_bench_serving.jsonl", "--at"),
        ("genai_perf_profile_export_genai_perf.json", "--at"),
        ("inference_perf_per_request_lifecycle_metrics.json", "--at and --workload"),
        ("inference_perf_stage_0_lifecycle_metrics.json", "--llm and --at"),
        ("inference_perf_summary_lifecycle_metrics.json", "--llm, --at and --workload"),
    ];
    let expected = expected.map(|(file, flags)| (file, flags.to_owned()));
    assert_eq!(asked, BTreeMap::from(expected));
}

#[test]
fn a_summary_alone_is_taken_where_its_definitions_are_ours() {
    let read = |file: &str| {
        let mut file = opened(&path(file));
        let format = Format::recognise(&mut file).unwrap();
        format.read(file, None, &hints("")).unwrap()
    };
    let aiperf = read("aiperf_profile_export_aiperf.json");
    let fixture = Fixture { file: "aiperf summary", format: "aiperf", ..STATISTICS };
    let run = &aiperf.runs[0];
    assert_eq!((run.requests.attempted(), run.requests.failed()), (4, 1));
    assert_eq!(run.workload.slug.as_str(), "128in-8out-c4");
    for (metric, truth) in
        [(metrics::TTFT, TTFT), (metrics::E2E_LATENCY, E2E_LATENCY), (metrics::TPOT, TPOT)]
    {
        assert_same(&fixture, run, &metric, Reported, &truth);
    }
    let left_out: Vec<_> =
        aiperf.notes.iter().filter(|note| note.contains("is left out")).map(|n| &n[..3]).collect();
    assert_eq!(left_out, ["TPS", "ITL"]);
}

#[test]
fn gaps_that_sglang_spread_over_tokens_are_no_gaps_of_tokens() {
    let text = std::fs::read_to_string(path("sglang_bench_serving.jsonl")).unwrap();
    let read = |backend: &str| {
        let text = text.replace("\"sglang-oai-chat\"", backend);
        let file = ResultFile::new("x.jsonl", text.as_bytes());
        let mut imported = Format::parse("sglang").unwrap().read(file, None, &hints("")).unwrap();
        (imported.runs.remove(1), imported.notes)
    };
    for spread in ["\"sglang\"", "\"sglang-native\"", "null"] {
        let (run, notes) = read(spread);
        assert!(!run.measurements().contains_key(&metrics::ITL), "{spread}");
        assert!(notes.iter().any(|note| note.contains("spread over the tokens")), "{notes:?}");
        // What passed between the first token and the last is what it is.
        let fixture = Fixture { file: spread, format: "sglang", ..ALL };
        assert_same(&fixture, &run, &metrics::TPOT, Sampled, &TPOT);
    }
    let (run, _) = read("\"vllm\"");
    assert!(run.measurements().contains_key(&metrics::ITL));
}

#[test]
fn a_load_that_a_trace_told_needs_a_name() {
    let text = std::fs::read_to_string(path("sglang_bench_serving.jsonl")).unwrap();
    let text = text.replace("\"request_rate\": 4.0", "\"request_rate\": \"trace\"");
    let traced = text.lines().nth(1).unwrap();
    let read = |hints: &Hints| {
        let file = ResultFile::new("x.jsonl", traced.as_bytes());
        Format::parse("sglang").unwrap().read(file, None, hints)
    };
    let refusal = read(&hints("")).unwrap_err().to_string();
    assert!(refusal.ends_with("give --workload"), "{refusal}");
    let run = read(&hints("hinted")).unwrap().runs.remove(0);
    let conditions = &run.workload.conditions;
    assert_eq!((conditions.concurrency, conditions.request_rate), (None, None));
    assert_eq!(conditions.output_tokens, Some(8));
}

#[test]
fn a_warm_up_is_no_run() {
    let (_, imported) = import("inference_benchmarker.json", &Hints::default());
    assert_eq!(imported.runs.len(), 1);
}

#[test]
fn a_sweep_is_a_workload_for_each_load_whatever_it_is_called() {
    let slugs = |hints: &Hints| {
        let (_, imported) = import("sglang_bench_serving.jsonl", hints);
        imported.runs.iter().map(|run| run.workload.slug.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(slugs(&hints("")), ["128in-8out-c4", "128in-8out-c4-r4"]);
    let hinted = Hints { workload: WorkloadSlug::parse("chat").ok(), ..hints("") };
    assert_eq!(slugs(&hinted), ["chat-c4", "chat-c4-r4"]);
}

#[test]
fn runs_that_asked_for_several_lengths_are_several_workloads_whatever_they_are_called() {
    let text = std::fs::read_to_string(path("sglang_bench_serving.jsonl")).unwrap();
    let other = text.replacen("\"random_output_len\": 8", "\"random_output_len\": 16", 1);
    assert_ne!(other, text);
    let hints = Hints { workload: WorkloadSlug::parse("chat").ok(), ..hints("") };
    let file = ResultFile::new("x.jsonl", other.as_bytes());
    let imported = Format::parse("sglang").unwrap().read(file, None, &hints).unwrap();
    let slugs: Vec<_> = imported.runs.iter().map(|run| run.workload.slug.as_str()).collect();
    assert_eq!(slugs, ["chat-128in-16out-c4", "chat-128in-8out-c4-r4"]);
}
