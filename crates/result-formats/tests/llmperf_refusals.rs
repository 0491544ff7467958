//! llmperf's files. What is wrong with a file is said in one sentence that names the file, the
//! record and the field.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use benchmark_domain::{LlmName, Measurement, MetricName, Run, Timestamp, WorkloadSlug, metrics};
use benchmark_result_formats::{Format, Hint, Hints, Imported, Refusal, ResultFile};

const OK: &str = r#"{"error_code": null, "error_msg": "", "ttft_s": 0.2,
    "end_to_end_latency_s": 0.5, "number_output_tokens": 8}"#;

fn hints() -> Hints {
    Hints {
        llm: Some(LlmName::parse("m").unwrap()),
        workload: Some(WorkloadSlug::parse("chat").unwrap()),
        started_at: Timestamp::from_timestamp_secs(1_700_000_000),
        ..Hints::default()
    }
}

fn read(json: &str) -> Result<Imported, Refusal> {
    let file = ResultFile::new("x.json", json.as_bytes());
    Format::parse("llmperf").unwrap().read(file, None, &hints())
}

fn refusal(json: &str) -> String {
    read(json).unwrap_err().to_string()
}

/// A list of a good record and one with a field replaced.
fn with(field: &str, value: &str) -> String {
    let mut fields = [
        ("error_code", "null"),
        ("error_msg", "\"\""),
        ("ttft_s", "0.2"),
        ("end_to_end_latency_s", "0.5"),
        ("number_output_tokens", "8"),
    ];
    fields.iter_mut().filter(|f| f.0 == field).for_each(|f| f.1 = value);
    let fields = fields.map(|(name, value)| format!("\"{name}\": {value}"));
    format!("[{OK}, {{{}}}]", fields.join(", "))
}

fn run(json: &str) -> Run {
    read(json).unwrap().runs.remove(0)
}

#[test]
fn a_value_that_is_no_measurement_is_named_with_its_record_and_field() {
    for (field, value, reason) in [
        ("ttft_s", "-0.2", "-0.2 is negative"),
        ("ttft_s", "NaN", "NaN is not a finite number"),
        ("ttft_s", "null", "it is missing"),
        ("end_to_end_latency_s", "Infinity", "inf is not a finite number"),
        ("end_to_end_latency_s", "0", "0 is not above 0"),
        ("end_to_end_latency_s", "null", "it is missing"),
        ("number_output_tokens", "1.5", "1.5 is not a whole number"),
        ("number_output_tokens", "-1", "-1 is negative"),
    ] {
        assert_eq!(refusal(&with(field, value)), format!("x.json: record 2: {field}: {reason}"));
    }
}

#[test]
fn a_request_that_cannot_be_is_named_by_its_metric() {
    let late = refusal(&with("ttft_s", "0.6"));
    assert_eq!(late, "x.json: record 2: TTFT: 0.6 is above E2E_LATENCY, 0.5");
}

#[test]
fn a_value_of_a_wrong_type_is_named_with_its_record_and_field() {
    for (field, value, reason) in [
        ("ttft_s", "[0.2]", "invalid type: sequence, expected a number"),
        ("end_to_end_latency_s", "true", "invalid type: boolean `true`, expected a number"),
        ("number_output_tokens", "\"many\"", "the text is not a number"),
    ] {
        let refusal = refusal(&with(field, value));
        let expected = format!("x.json: record 2: {field}: {reason} at line ");
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
}

#[test]
fn a_duplicate_key_is_refused() {
    let refusal = refusal(&with("ttft_s", "0.2, \"ttft_s\": 0.1"));
    assert!(refusal.starts_with("x.json: record 2: "), "{refusal}");
    assert!(refusal.contains("duplicate field `ttft_s`"), "{refusal}");
}

#[test]
fn a_truncated_file_is_refused() {
    let json = format!("[{OK}, {OK}]");
    let refusal = refusal(&json[..json.len() - 20]);
    let expected = "x.json: record 2: not valid JSON: EOF while parsing";
    assert!(refusal.starts_with(expected), "{refusal}");
}

#[test]
fn a_list_without_requests_is_refused() {
    assert_eq!(refusal("[]"), "x.json: the list is empty");
}

#[test]
fn deep_nesting_is_skipped_where_nothing_is_read_and_refused_elsewhere() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let skipped = with("number_output_tokens", &format!("8, \"GEN_TEXT\": {deep}"));
    for skipped in [skipped, with("error_msg", &deep)] {
        assert_eq!(run(&skipped).requests.attempted(), 2);
    }
    for refused in [deep.clone(), with("ttft_s", &deep)] {
        assert!(refusal(&refused).len() < 200);
    }
}

#[test]
fn a_failed_request_may_hold_anything_but_is_no_sample() {
    for json in [with("error_code", "429"), with("error_code", "\"rate_limit\"")] {
        assert_eq!(run(&json).requests.failed(), 1);
    }
    let zeros = r#"[{"error_code": -1, "ttft_s": 0, "end_to_end_latency_s": 0}]"#;
    let run = run(zeros);
    assert_eq!((run.requests.attempted(), run.requests.failed()), (1, 1));
    assert_eq!(run.measurements().keys().collect::<Vec<_>>(), [&metrics::ERROR_RATE]);
}

#[test]
fn a_failure_without_a_code_is_still_no_sample() {
    for json in [
        with("error_msg", "\"overloaded\""),
        with("error_msg", "{\"type\": \"overloaded\"}"),
        with("ttft_s", "0"),
    ] {
        let imported = read(&json).unwrap();
        let run = &imported.runs[0];
        assert_eq!((run.requests.attempted(), run.requests.failed()), (2, 1));
        assert_eq!(run.measurements()[&metrics::TTFT].count(), Some(1));
        assert!(imported.notes[0].ends_with("for no content: 1."), "{}", imported.notes[0]);
    }
}

#[test]
fn a_request_that_was_not_streamed_has_no_first_token() {
    let imported = read(&with("ttft_s", "-1")).unwrap();
    let count = |metric: MetricName| imported.runs[0].measurements()[&metric].count();
    assert_eq!((count(metrics::TTFT), count(metrics::TPOT)), (Some(1), Some(1)));
    assert_eq!((count(metrics::E2E_LATENCY), count(metrics::TPS)), (Some(2), Some(2)));
    assert!(imported.notes[0].contains("not streamed"), "{}", imported.notes[0]);
}

#[test]
fn one_output_token_has_no_time_per_token() {
    let run = run(&with("number_output_tokens", "1"));
    assert_eq!(run.measurements()[&metrics::TPOT].count(), Some(1));
    assert_eq!(run.measurements()[&metrics::TPS].count(), Some(2));
}

#[test]
fn without_summary_and_hints_the_missing_flags_are_named() {
    let json = format!("[{OK}]");
    let mut file = ResultFile::new("x.json", json.as_bytes());
    let format = Format::recognise(&mut file).unwrap();
    let refusal = format.read(file, None, &Hints::default()).unwrap_err();
    let Refusal::Missing { hints, .. } = &refusal else { panic!("{refusal}") };
    assert_eq!(hints, &[Hint::Llm, Hint::StartedAt, Hint::Workload]);
    assert!(refusal.to_string().ends_with("give --llm, --at and --workload"), "{refusal}");
}

/// A summary of two requests, one of them failed, with more fields.
fn summary(fields: &str) -> String {
    format!(
        r#"{{"results_num_requests_started": 2, "results_number_errors": 1,
             "results_num_completed_requests": "1" {fields}}}"#
    )
}

const LATENCIES: &str = r#", "results_ttft_s_mean": 0.2, "results_ttft_s_stddev": NaN,
    "results_end_to_end_latency_s_mean": 0.5, "results_end_to_end_latency_s_min": "0.5""#;

#[test]
fn a_load_that_is_no_count_is_refused() {
    let json = summary(&format!("{LATENCIES}, \"num_concurrent_requests\": 1e11"));
    assert_eq!(refusal(&json), "x.json: num_concurrent_requests: it is too large");
}

#[test]
fn what_pandas_cannot_compute_is_left_out_of_a_summary() {
    let run = run(&summary(LATENCIES));
    let Measurement::Reported(ttft) = &run.measurements()[&metrics::TTFT] else {
        panic!("a summary has no samples")
    };
    assert_eq!((ttft.mean, ttft.count, ttft.standard_deviation), (0.2, Some(1), None));
}

#[test]
fn a_summary_of_failures_alone_tells_only_that() {
    let json = r#"{"results_num_requests_started": 3, "results_number_errors": 3,
        "results_num_completed_requests": 0, "results_ttft_s_mean": NaN,
        "results_num_completed_requests_per_min": 0.0}"#;
    let run = run(json);
    assert_eq!((run.requests.attempted(), run.requests.failed()), (3, 3));
    let measured: Vec<_> = run.measurements().keys().collect();
    assert_eq!(measured, [&metrics::ERROR_RATE, &metrics::RPS]);
}

#[test]
fn a_summary_that_cannot_be_trusted_is_refused_with_its_field() {
    let counts = r#"{"results_num_requests_started": 3, "results_number_errors": 1,
        "results_num_completed_requests": 1}"#;
    assert_eq!(
        refusal(counts),
        "x.json: results_num_completed_requests: 1 and 1 failed are not the 3 sent"
    );
    assert_eq!(refusal(&summary("")), "x.json: results_ttft_s: mean: it is missing");
    for (fields, reason) in [
        (r#", "results_ttft_s_mean": -1"#, "results_ttft_s: mean: -1 is negative"),
        (r#", "results_ttft_s_min": 0"#, "results_ttft_s: min: 0 is no latency"),
        (
            r#", "results_ttft_s_mean": 1, "results_ttft_s_min": 2, "results_ttft_s_max": 1"#,
            "results_ttft_s: min, percentiles and max must ascend",
        ),
        (r#", "model": 7"#, "model: invalid type: integer `7`"),
    ] {
        let json = summary(fields);
        let expected = format!("x.json: {reason}");
        assert!(refusal(&json).starts_with(&expected), "{}", refusal(&json));
    }
}

#[test]
fn a_hint_stands_in_for_what_a_summary_says_wrongly() {
    let wrong = format!("{LATENCIES}, \"model\": \"\", \"timestamp\": NaN");
    let json = summary(&wrong);
    assert!(read(&json).is_ok());
    let read = |hints: &Hints| {
        let mut file = ResultFile::new("x.json", json.as_bytes());
        Format::recognise(&mut file)?.read(file, None, hints)
    };
    let refusal = read(&Hints { llm: None, ..hints() }).unwrap_err().to_string();
    assert_eq!(refusal, "x.json: model: an LLM's name must not be empty");
    let refusal = read(&Hints { started_at: None, ..hints() }).unwrap_err().to_string();
    assert_eq!(refusal, "x.json: timestamp: NaN is not a finite number");
}

fn read_pair(individual: &str, summary: &str) -> Result<Imported, Refusal> {
    let format = Format::parse("llmperf").unwrap();
    let individual = || ResultFile::new("individual/x.json", individual.as_bytes());
    let summary = || ResultFile::new("summary/x.json", summary.as_bytes());
    let imported = format.read(summary(), Some(individual()), &hints());
    assert_eq!(imported, format.read(individual(), Some(summary()), &hints()));
    imported
}

#[test]
fn halves_of_two_runs_are_refused() {
    let failed = with("error_code", "429");
    assert!(read_pair(&failed, &summary(LATENCIES)).is_ok());
    let other_counts = read_pair(&with("ttft_s", "0.2"), &summary(LATENCIES)).unwrap_err();
    assert_eq!(
        other_counts.to_string(),
        "summary/x.json: it is of another run than individual/x.json: \
         it tells of 1 failed in 2 requests, not of 0 in 2"
    );
    let other_times = summary(r#", "results_ttft_s_mean": 0.3"#);
    let other_times = read_pair(&failed, &other_times).unwrap_err();
    assert_eq!(
        other_times.to_string(),
        "summary/x.json: it is of another run than individual/x.json: \
         it tells of a mean ttft_s of 0.3, not of 0.2"
    );
}

#[test]
fn the_tools_throughput_is_left_out_where_it_counts_failures_in() {
    let summary = r#"{"results_num_requests_started": 2, "results_number_errors": 0,
        "results_num_completed_requests": 2, "results_num_completed_requests_per_min": 60.0,
        "results_ttft_s_mean": 0.1}"#;
    let imported = read_pair(&with("ttft_s", "0"), summary).unwrap();
    assert!(!imported.runs[0].measurements().contains_key(&metrics::RPS));
    assert!(imported.notes[1].starts_with("SYSTEM_TPS and RPS are left out"));
}

#[test]
fn two_files_of_the_same_half_are_refused() {
    let json = format!("[{OK}]");
    let [a, b] = ["a.json", "b.json"].map(|name| ResultFile::new(name, json.as_bytes()));
    let refusal = Format::parse("llmperf").unwrap().read(a, Some(b), &hints()).unwrap_err();
    assert_eq!(refusal.to_string(), "b.json: it is not the other half of a.json");
}
