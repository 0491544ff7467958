//! Whatever a file holds, it is a run or a refusal, never a panic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use benchmark_domain::{LlmName, Timestamp, WorkloadSlug};
use benchmark_result_formats::{Format, Hints, ResultFile};
use proptest::prelude::*;
use proptest::sample::{Index, select};

static FIXTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    [
        "result-formats/llmperf_individual_responses.json",
        "result-formats/llmperf_summary.json",
        "llmperf-leaderboard/summary/lepton_70b.json",
    ]
    .map(|path| fs::read(folder.join(path)).unwrap())
    .to_vec()
});

/// What breaks parsers, and what tools write that others do not expect.
const SPLINTERS: [&str; 18] = [
    "",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\u{0}",
    "null",
    "NaN",
    "-Infinity",
    "1e999",
    "-1",
    "0",
    "\"550\"",
    "\\ud800",
];

/// A fixture, with splinters in place of some of its bytes, and cut short.
fn mutilated() -> impl Strategy<Value = Vec<u8>> {
    let splinter = (any::<Index>(), 0_usize..12, select(&SPLINTERS[..]));
    let mutations = (prop::collection::vec(splinter, 0..6), prop::option::of(any::<Index>()));
    (select(&FIXTURES[..]), mutations).prop_map(|(mut bytes, (splinters, cut))| {
        for (at, length, splinter) in splinters {
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, splinter.bytes());
            bytes.push(b' ');
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

fn hints() -> Hints {
    Hints {
        llm: LlmName::parse("m").ok(),
        workload: WorkloadSlug::parse("chat").ok(),
        started_at: Timestamp::from_timestamp_secs(1_700_000_000),
        ..Hints::default()
    }
}

/// Reads a file with every format there is, recognised or not.
fn read(bytes: &[u8], companion: Option<&[u8]>) -> Result<(), TestCaseError> {
    let file = ResultFile::new("x.json", bytes);
    let companion = companion.map(|bytes| ResultFile::new("y.json", bytes));
    for format in [Format::recognise(&file), Ok(Format::parse("llmperf").unwrap())] {
        match format.and_then(|format| format.read(&file, companion.as_ref(), &hints())) {
            Ok(imported) => prop_assert!(!imported.runs.is_empty()),
            Err(refusal) => {
                let sentence = refusal.to_string();
                prop_assert!(sentence.len() < 2_000, "{}", sentence);
                prop_assert!(!sentence.contains(char::is_control), "{}", sentence);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_mutilated_file_never_panics(bytes in mutilated()) {
        read(&bytes, None)?;
    }

    #[test]
    fn a_mutilated_pair_never_panics(file in mutilated(), companion in mutilated()) {
        read(&file, Some(&companion))?;
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes, None)?;
    }
}

#[test]
fn every_truncation_is_refused() {
    for bytes in FIXTURES.iter() {
        let end = bytes.trim_ascii_end().len();
        for length in 0..end {
            let file = ResultFile::new("x.json", &bytes[..length]);
            let read = Format::parse("llmperf").unwrap().read(&file, None, &hints());
            assert!(read.is_err(), "the first {length} bytes of {end}");
        }
    }
}
