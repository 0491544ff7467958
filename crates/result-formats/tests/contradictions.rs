//! Files that contradict themselves, or each other, are refused: what they say
//! would be said of something else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use benchmark_domain::{LlmName, Timestamp, WorkloadSlug, metrics};
use benchmark_result_formats::{Format, Hints, Imported, Refusal, ResultFile};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/result-formats");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The fixture with the first `from` in it made `to`.
fn changed(name: &str, from: &str, to: &str) -> String {
    let text = fixture(name);
    assert!(text.contains(from), "{name} has no {from}");
    text.replacen(from, to, 1)
}

fn hints() -> Hints {
    Hints {
        llm: LlmName::parse("hinted").ok(),
        started_at: Timestamp::from_timestamp_secs(1_767_268_800),
        workload: WorkloadSlug::parse("chat").ok(),
        ..Hints::default()
    }
}

fn read(text: &str, companion: Option<&str>) -> Result<Imported, Refusal> {
    let mut file = ResultFile::new("x.json", text.as_bytes());
    let format = Format::recognise(&mut file).unwrap();
    let companion = companion.map(|text| ResultFile::new("y.json", text.as_bytes()));
    format.read(file, companion, &hints())
}

fn refusal(text: &str) -> String {
    read(text, None).unwrap_err().to_string()
}

const DETAILED: &str = "vllm_bench_serve_detailed.json";

#[test]
fn counts_that_are_not_those_of_the_lists_are_refused_by_their_field() {
    let sent = refusal(&changed(DETAILED, "\"num_prompts\": 4", "\"num_prompts\": 1000"));
    assert_eq!(sent, "x.json: num_prompts: 1000 were sent, the lists have 4");
    let completed = refusal(&changed(DETAILED, "\"completed\": 3", "\"completed\": 997"));
    assert_eq!(completed, "x.json: completed: 997 were completed, 3 in the lists");
}

#[test]
fn several_llms_are_not_made_one_by_a_hint() {
    let model = "\"acme/example-8b-instruct\"";
    for (file, place) in [
        ("genai_perf_profile_export_genai_perf.json", "input_config: model_names: "),
        ("aiperf_profile_export_aiperf.json", "input_config: endpoint: model_names: "),
    ] {
        let text = fixture(file);
        let names = text.find("\"model_names\"").unwrap();
        let (before, after) = text.split_at(names);
        let two = after.replacen(model, &format!("{model}, \"other\""), 1);
        let said = refusal(&format!("{before}{two}"));
        assert_eq!(said, format!("x.json: {place}it has 2 names, not one"));
    }
    let one = fixture(DETAILED);
    let other =
        changed(DETAILED, "\"model_id\": \"acme/example-8b-instruct\"", "\"model_id\": \"b\"");
    let said = refusal(&format!("{one}\n{other}"));
    assert_eq!(said, "x.json: its runs are of acme/example-8b-instruct and of b, not of one LLM");
}

const RECORDS: &str = "aiperf_profile_export.jsonl";
const SUMMARY: &str = "aiperf_profile_export_aiperf.json";

#[test]
fn the_other_half_of_another_run_is_refused() {
    let records = fixture(RECORDS);
    read(&records, Some(&fixture(SUMMARY))).unwrap();
    let mismatch = |from, to| {
        let refused = read(&records, Some(&changed(SUMMARY, from, to)));
        let said = refused.unwrap_err().to_string();
        said.strip_prefix("y.json: it is of another run than x.json: ").unwrap().to_owned()
    };
    let failed = mismatch("\"error_summary\": [", "\"error_summary\": [{\"count\": 7},");
    assert_eq!(failed, "it tells of 8 requests that failed, not of 1");
    let latency = mismatch("\"avg\": 418.0", "\"avg\": 450.0");
    assert!(latency.starts_with("it tells of a mean request_latency of 0.45 s"), "{latency}");
}

#[test]
fn a_run_of_vllm_starts_before_it_is_written_down() {
    let text = fixture(DETAILED);
    let file = ResultFile::new("x.json", text.as_bytes());
    let imported = Format::parse("vllm").unwrap().read(file, None, &Hints::default()).unwrap();
    // Written at noon, after 0.59 s.
    assert_eq!(imported.runs[0].started_at.timestamp_millis(), 1_767_268_800_000 - 590);
}

#[test]
fn a_rate_needs_the_times_of_all_requests() {
    let untimed = changed(RECORDS, "\"request_start_ns\"", "\"another\"");
    let imported = read(&untimed, None).unwrap();
    let measured = imported.runs[0].measurements();
    assert!(!measured.contains_key(&metrics::RPS) && measured.contains_key(&metrics::TTFT));
    let note =
        "RPS and SYSTEM_TPS are left out, since requests do not tell when they were sent: 1.";
    assert!(imported.notes.iter().any(|it| it == note), "{:?}", imported.notes);
}
