//! A run's id is a hash of what it says, to the last digit: a change of the
//! arithmetic, of a sketch's bytes or of a derived name makes another run of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use benchmark_domain::{LlmName, Timestamp, WorkloadSlug};
use benchmark_result_formats::{Format, Hints, ResultFile};

/// The runs of every fixture. Whoever changes an id says in the changelog that files
/// which older versions imported are recorded again, as other runs.
const IDS: &[(&str, &[&str])] = &[
    ("aiperf_profile_export.jsonl", &["39713313-200f-8d7b-9318-1209737b1551"]),
    ("aiperf_profile_export_aiperf.json", &["39713313-200f-8d7b-9318-1209737b1551"]),
    ("genai_perf_profile_export_genai_perf.json", &["1e1bc1f0-10e0-86f5-8954-e67a8fa7ffe5"]),
    ("guidellm.json", &["1daf4d56-68be-84ee-a807-75bc997748ec"]),
    ("guidellm_v0.json", &["02f11bc8-f82f-8644-a222-e29d506b9e78"]),
    ("guidellm_v1.json", &["191a3f00-3c55-8acf-bb55-f93e931e6d6c"]),
    ("guidellm_warm_up.json", &["e6334aa9-ba60-890b-b2b6-f7092b07a975"]),
    ("inference_benchmarker.json", &["5d1ce2f4-8866-8d8b-9202-9c0f07a7bc51"]),
    (
        "inference_perf_per_request_lifecycle_metrics.json",
        &["467d3faa-920d-8bdd-987f-00656ea8d50b"],
    ),
    ("inference_perf_stage_0_lifecycle_metrics.json", &["8a2a8c7d-34ab-88c8-80de-b0d2f1bff9fd"]),
    ("inference_perf_summary_lifecycle_metrics.json", &["18f98a65-c61b-8767-b628-512ee0103582"]),
    ("llm_d_benchmark_report.json", &["0d21dd82-093c-853a-9ac8-2a3a25b1987b"]),
    ("llm_d_benchmark_report.yaml", &["0d21dd82-093c-853a-9ac8-2a3a25b1987b"]),
    ("llmperf_individual_responses.json", &["beec981e-3b3e-819c-aa87-1b866b9c30ee"]),
    ("llmperf_summary.json", &["beec981e-3b3e-819c-aa87-1b866b9c30ee"]),
    (
        "sglang_bench_serving.jsonl",
        &["e419f643-4795-879c-82cf-bde56b744add", "680cfc66-16d0-8648-ae4d-7e0430ca38de"],
    ),
    ("vllm_bench_serve.json", &["472d67e9-3f54-8cd4-bb9a-a516ea72734b"]),
    ("vllm_bench_serve_detailed.json", &["91a917ca-2f57-839c-a7ea-9f049de87184"]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/result-formats")
}

fn opened(path: &Path) -> ResultFile<'static> {
    ResultFile::new(path, File::open(path).unwrap())
}

/// What some files do not say themselves.
fn hints(file: &str) -> Hints {
    const OF_NO_LOAD: [&str; 2] = [
        "inference_perf_per_request_lifecycle_metrics.json",
        "inference_perf_summary_lifecycle_metrics.json",
    ];
    Hints {
        llm: LlmName::parse("acme/example-8b-instruct").ok(),
        started_at: Timestamp::from_timestamp_secs(1_767_268_800),
        workload: OF_NO_LOAD.contains(&file).then(|| WorkloadSlug::parse("hinted").unwrap()),
        ..Hints::default()
    }
}

fn ids(file: &str) -> Vec<String> {
    let path = folder().join(file);
    let mut opened_file = opened(&path);
    let format = Format::recognise(&mut opened_file).unwrap();
    let companion = format.companion_paths(&path).into_iter().find(|path| path.is_file());
    let imported = format.read(opened_file, companion.as_deref().map(opened), &hints(file));
    imported.unwrap().runs.iter().map(|run| run.id().to_string()).collect()
}

#[test]
fn a_file_gives_the_runs_that_it_always_gave() {
    let files = std::fs::read_dir(folder()).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeMap<_, _> = files.map(|file| (file.clone(), ids(&file))).collect();
    let owned = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
    let pinned = IDS.iter().map(|(file, ids)| (file.to_string(), owned(ids))).collect();
    assert_eq!(found, pinned);
}
