//! What of guidellm's requests counts, and when they took place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use benchmark_domain::{Measurement, metrics};
use benchmark_result_formats::{Format, Hints, Imported, ResultFile};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/result-formats");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn read(text: &str) -> Imported {
    let file = ResultFile::new("x.json", text.as_bytes());
    Format::parse("guidellm").unwrap().read(file, None, &Hints::default()).unwrap()
}

#[test]
fn a_stream_that_failed_was_over_when_its_task_was() {
    const END: &str = "\"request_end\": 1767268800.19,";
    let text = fixture("guidellm.json");
    let imported = read(&text.replacen(END, "", 1));
    let rps = imported.runs[0].measurements().get(&metrics::RPS).map(Measurement::mean);
    assert!(rps.is_some(), "{:?}", imported.notes);
    assert_eq!(rps, read(&text).runs[0].measurements().get(&metrics::RPS).map(Measurement::mean));
    assert!(text.contains(END));
}

const WARM_UP: &str = "guidellm_warm_up.json";

#[test]
fn requests_of_the_warm_up_and_the_cool_down_are_passed_over_and_told() {
    let imported = read(&fixture(WARM_UP));
    let note = "Requests of the warm-up and cool-down passed over: 4.";
    assert_eq!(imported.notes, [note]);
}

#[test]
fn a_list_that_lacks_a_request_of_the_measured_time_is_a_sample() {
    const TOTAL: &str = "\"successful\": 4";
    let text = fixture(WARM_UP);
    assert!(text.contains(TOTAL));
    let sampled = read(&text.replacen(TOTAL, "\"successful\": 5", 1));
    assert_eq!(sampled.notes[0], "The file holds a sample of its requests alone.");
    assert!(!sampled.runs[0].measurements().contains_key(&metrics::TPOT));
}

#[test]
fn a_warm_up_that_leaves_no_request_is_refused() {
    const START: &str = "\"measure_start_time\": 1767268801.0";
    let text = fixture(WARM_UP);
    assert!(text.contains(START));
    let late = text.replacen(START, "\"measure_start_time\": 1767268801.17", 1);
    let file = ResultFile::new("x.json", late.as_bytes());
    let refusal = Format::parse("guidellm").unwrap().read(file, None, &Hints::default());
    let refusal = refusal.unwrap_err().to_string();
    assert!(refusal.ends_with("between the warm-up and the cool-down"), "{refusal}");
}
