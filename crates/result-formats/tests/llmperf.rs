//! llmperf's files: the four requests that every tool's fixture describes, and
//! the real measurements of the leaderboard of December 2023.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::path::{Path, PathBuf};

use benchmark_domain::{
    Contender, Direction, LlmName, Measurement, MetricName, Provider, QuantileSketch, RankedLlm,
    Run, RunMeasurement, Source, Statistic, Tier, Timestamp, WorkloadSlug, metrics, rank,
};
use benchmark_result_formats::{Format, Hints, Imported, ResultFile};

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(path)
}

fn opened(path: &Path) -> ResultFile<'static> {
    let content = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    ResultFile::new(path, content)
}

/// Imports a file the way the callers of this crate do.
fn import(path: &Path, hints: &Hints) -> Imported {
    let mut file = opened(path);
    let format = Format::recognise(&mut file).unwrap();
    let companion = format.companion_paths(path).into_iter().find(|path| path.is_file());
    format.read(file, companion.as_deref().map(opened), hints).unwrap()
}

fn read_alone(path: &str, hints: &Hints) -> Imported {
    let mut file = opened(&fixture(path));
    Format::recognise(&mut file).unwrap().read(file, None, hints).unwrap()
}

fn only_run(imported: Imported) -> Run {
    let [run] = <[Run; 1]>::try_from(imported.runs).unwrap();
    run
}

fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{what}: {found} for {expected}");
}

#[test]
fn the_four_requests_have_their_canonical_numbers() {
    let path = fixture("result-formats/llmperf_individual_responses.json");
    let imported = import(&path, &Hints::default());
    assert_eq!(imported.notes, Vec::<String>::new());
    let run = only_run(imported);

    assert_eq!(run.llm.to_string(), "acme/example-8b-instruct (acme-eu)");
    assert_eq!(run.workload.slug.as_str(), "128in-8out-c4");
    assert_eq!(run.source, Source::Import);
    assert_eq!(run.started_at.timestamp(), 1_767_268_800);
    let tool = run.tool.as_ref().unwrap();
    assert_eq!((tool.name(), tool.version()), ("llmperf", Some("2023-08-31")));
    assert_eq!((run.requests.attempted(), run.requests.failed()), (4, 1));

    let samples: [(MetricName, [f64; 3]); 4] = [
        (metrics::TTFT, [0.210, 0.260, 0.340]),
        (metrics::E2E_LATENCY, [0.350, 0.414, 0.490]),
        (metrics::TPOT, [0.020, 0.021_428_571, 0.022]),
        (metrics::TPS, [16.326_531, 19.323_671, 22.857_143]),
    ];
    for (metric, [min, middle, max]) in samples {
        let Measurement::Sampled(summary) = &run.measurements()[&metric] else {
            panic!("{metric} has no samples");
        };
        let what = metric.as_str();
        assert_eq!(summary.count(), 3, "{what}");
        assert_close(summary.mean().unwrap(), (min + middle + max) / 3.0, what);
        assert_close(summary.min().unwrap(), min, what);
        assert_close(summary.max().unwrap(), max, what);
        let median = summary.sketch().quantile(0.5).unwrap();
        assert!((median / middle - 1.0).abs() <= QuantileSketch::RELATIVE_ERROR, "{what}");
    }
    // 24 tokens and 3 requests in 0.59 s, each measured once.
    for (metric, value) in [(metrics::SYSTEM_TPS, 24.0 / 0.59), (metrics::RPS, 3.0 / 0.59)] {
        let measurement = &run.measurements()[&metric];
        assert!(matches!(measurement, Measurement::Reported(_)), "{metric}");
        assert_eq!(measurement.count(), Some(1), "{metric}");
        assert_close(measurement.mean(), value, metric.as_str());
    }
    assert_eq!(run.measurements()[&metrics::ERROR_RATE].mean(), 0.25);
    assert_eq!(run.measurements().len(), 7);
}

#[test]
fn a_summary_alone_gives_the_tools_own_figures() {
    let imported = read_alone("result-formats/llmperf_summary.json", &Hints::default());
    let left_out: Vec<_> = imported.notes.iter().map(|note| &note[..4]).collect();
    assert_eq!(left_out, ["TPS ", "TPOT"]);
    let run = only_run(imported);
    assert_eq!((run.requests.attempted(), run.requests.failed()), (4, 1));

    let Measurement::Reported(ttft) = &run.measurements()[&metrics::TTFT] else {
        panic!("TTFT has samples from nowhere");
    };
    assert_eq!((ttft.count, ttft.mean), (Some(3), 0.27));
    assert_eq!((ttft.min, ttft.max), (Some(0.21), Some(0.34)));
    assert_eq!(ttft.standard_deviation, Some(0.065574));
    assert_eq!((ttft.quantiles.p50, ttft.quantiles.p99), (Some(0.26), Some(0.3384)));
    assert_eq!(run.measurements()[&metrics::E2E_LATENCY].mean(), 0.418);
    assert_close(run.measurements()[&metrics::RPS].mean(), 3.0 / 0.59, "RPS");
    for left_out in [metrics::TPS, metrics::TPOT, metrics::ITL] {
        assert!(!run.measurements().contains_key(&left_out), "{left_out}");
    }
}

#[test]
fn either_half_of_a_result_is_the_same_run() {
    let hints = Hints::default();
    for [individual, summary] in [
        ["result-formats/llmperf_individual_responses.json", "result-formats/llmperf_summary.json"],
        [
            "llmperf-leaderboard/individual/groq_70b.json",
            "llmperf-leaderboard/summary/groq_70b.json",
        ],
    ] {
        let imported = import(&fixture(individual), &hints);
        assert_eq!(imported, import(&fixture(summary), &hints));
        let provenance = only_run(imported).provenance.clone().unwrap();
        let name = Path::new(individual).file_name().unwrap();
        assert_eq!(provenance.file_name.as_str(), name);
        assert_eq!(provenance.importer_version, env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn an_individual_file_alone_is_described_by_hints() {
    let hints = Hints {
        llm: Some(LlmName::parse("m").unwrap()),
        workload: Some(WorkloadSlug::parse("chat").unwrap()),
        started_at: Timestamp::from_timestamp_secs(1_767_268_800),
        ..Hints::default()
    };
    let imported = read_alone("result-formats/llmperf_individual_responses.json", &hints);
    assert_eq!(imported.notes, ["SYSTEM_TPS and RPS are left out: only the summary tells them."]);
    let run = only_run(imported);
    assert_eq!((run.llm.to_string().as_str(), run.workload.slug.as_str()), ("m", "chat"));
    assert_eq!(run.tool.as_ref().unwrap().version(), None);
    assert_eq!(run.measurements()[&metrics::TTFT].count(), Some(3));
    assert!(!run.measurements().contains_key(&metrics::RPS));
}

const PROVIDERS_OF_70B: [&str; 8] =
    ["anyscale", "bedrock", "fireworks", "groq", "lepton", "perplexity", "replicate", "together"];

fn real_run(folder: &str, provider: &str) -> Run {
    let hints = Hints { provider: Some(Provider::parse(provider).unwrap()), ..Hints::default() };
    let path = format!("llmperf-leaderboard/{folder}/{provider}_70b.json");
    only_run(import(&fixture(&path), &hints))
}

fn ranked(runs: impl IntoIterator<Item = Run>, metric: &MetricName) -> Vec<RankedLlm> {
    let contenders = runs.into_iter().map(|run| Contender {
        llm: run.llm.clone(),
        requests: run.requests,
        runs: RunMeasurement::of(&run, metric).into_iter().collect(),
    });
    rank(Direction::LowerIsBetter, Statistic::Mean, contenders)
}

#[test]
fn the_real_measurements_rank_as_published() {
    let runs = PROVIDERS_OF_70B.map(|provider| real_run("individual", provider));
    for run in &runs {
        assert_eq!(run.workload.slug.as_str(), "550in-150out-c5");
    }
    let ranked = ranked(runs, &metrics::TTFT);
    let found: Vec<_> = ranked
        .iter()
        .map(|entry| {
            let provider = entry.llm.provider.as_ref().unwrap().as_str();
            let interval = entry.rank_interval;
            (provider, interval.low, interval.high, entry.tier == Tier::MostlyFailed)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("groq", 1, 1, false),
            ("anyscale", 2, 2, false),
            ("bedrock", 3, 4, false),
            ("perplexity", 3, 4, false),
            ("fireworks", 5, 5, false),
            ("together", 6, 6, false),
            ("replicate", 7, 7, false),
            ("lepton", 8, 8, true),
        ]
    );
}

#[test]
fn real_failures_are_counted_and_never_samples() {
    let counts = |provider| {
        let run = real_run("individual", provider);
        let samples = run.measurements()[&metrics::TTFT].count();
        (run.requests.attempted(), run.requests.failed(), samples)
    };
    assert_eq!(counts("lepton"), (150, 130, Some(20)));
    assert_eq!(counts("bedrock"), (150, 49, Some(101)));
    assert_eq!(counts("replicate"), (145, 0, Some(145)));
}

#[test]
fn a_real_summary_agrees_with_its_records() {
    for provider in PROVIDERS_OF_70B {
        let recomputed = real_run("individual", provider);
        let hints = Hints { provider: recomputed.llm.provider.clone(), ..Hints::default() };
        let path = format!("llmperf-leaderboard/summary/{provider}_70b.json");
        let reported = only_run(read_alone(&path, &hints));
        assert_eq!(reported.llm, recomputed.llm);
        assert_eq!(reported.requests, recomputed.requests);
        for metric in [metrics::TTFT, metrics::E2E_LATENCY, metrics::SYSTEM_TPS, metrics::RPS] {
            let (theirs, ours) =
                (&reported.measurements()[&metric], &recomputed.measurements()[&metric]);
            assert_eq!(theirs.count(), ours.count(), "{metric} of {provider}");
            assert_close(theirs.mean(), ours.mean(), provider);
        }
    }
}
