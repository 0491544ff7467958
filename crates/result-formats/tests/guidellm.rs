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
