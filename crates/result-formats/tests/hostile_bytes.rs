//! Whatever a file holds, it is runs or one refusal, never a panic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use benchmark_domain::{LlmName, Timestamp, WorkloadSlug};
use benchmark_result_formats::{Format, Hints, Imported, Refusal, ResultFile};
use proptest::prelude::*;
use proptest::sample::{Index, select};

struct Fixture {
    name: String,
    format: Format,
    bytes: Vec<u8>,
}

/// Every file of the fixtures, and a real one.
static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder.join("result-formats"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.push(folder.join("llmperf-leaderboard/summary/lepton_70b.json"));
    let fixture = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let format = Format::recognise(&mut ResultFile::new(&path, bytes.as_slice())).unwrap();
        Fixture { name, format, bytes }
    };
    paths.into_iter().map(fixture).collect()
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
fn mutilated() -> impl Strategy<Value = (Format, Vec<u8>)> {
    let splinter = (any::<Index>(), 0_usize..12, select(&SPLINTERS[..]));
    let mutations = (prop::collection::vec(splinter, 0..6), prop::option::of(any::<Index>()));
    (0..FIXTURES.len(), mutations).prop_map(|(fixture, (splinters, cut))| {
        let Fixture { format, bytes, .. } = &FIXTURES[fixture];
        let mut bytes = bytes.clone();
        for (at, length, splinter) in splinters {
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, splinter.bytes());
            bytes.push(b' ');
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        (*format, bytes)
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

fn read(format: Format, bytes: &[u8], companion: Option<&[u8]>) -> Result<Imported, Refusal> {
    let companion = companion.map(|bytes| ResultFile::new("y.json", bytes));
    format.read(ResultFile::new("x.json", bytes), companion, &hints())
}

/// Reads a file as one of a format and as the one that it is recognised as.
fn survive(format: Format, bytes: &[u8], companion: Option<&[u8]>) -> Result<(), TestCaseError> {
    let recognised = Format::recognise(&mut ResultFile::new("x.json", bytes));
    for format in [Ok(format), recognised] {
        match format.and_then(|format| read(format, bytes, companion)) {
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
    fn a_mutilated_file_never_panics((format, bytes) in mutilated()) {
        survive(format, &bytes, None)?;
    }

    #[test]
    fn a_mutilated_pair_never_panics((format, file) in mutilated(), (_, other) in mutilated()) {
        survive(format, &file, Some(&other))?;
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in Format::all() {
            survive(format, &bytes, None)?;
        }
    }
}

/// The sentence of a file that must be refused.
fn refusal(fixture: &Fixture, bytes: &[u8], what: &str) -> String {
    let recognised = Format::recognise(&mut ResultFile::new("x.json", bytes));
    let read = read(fixture.format, bytes, None);
    match (recognised, read) {
        // One that is recognised is read; one that is not is refused before.
        (Ok(_), Ok(_)) => panic!("{} is taken, {what}", fixture.name),
        (Err(refusal), _) | (_, Err(refusal)) => refusal.to_string(),
    }
}

#[test]
fn every_truncation_is_refused() {
    for fixture in FIXTURES.iter() {
        let end = fixture.bytes.trim_ascii_end().len();
        for length in 0..end {
            let bytes = &fixture.bytes[..length];
            // A line is a record, and the end of one the beginning of no other.
            // YAML that is cut is YAML.
            if fixture.name.ends_with(".yaml") {
                continue;
            }
            if fixture.name.ends_with(".jsonl") && is_at_a_line_end(&fixture.bytes, length) {
                continue;
            }
            let read = read(fixture.format, bytes, None);
            assert!(read.is_err(), "the first {length} bytes of {}", fixture.name);
        }
    }
}

fn is_at_a_line_end(bytes: &[u8], length: usize) -> bool {
    bytes[length] == b'\n' || (length > 0 && bytes[length - 1] == b'\n')
}

#[test]
fn another_encoding_is_refused() {
    for fixture in FIXTURES.iter() {
        let text = String::from_utf8(fixture.bytes.clone()).unwrap();
        let utf_16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(to_bytes).collect()
        };
        let marked = [b"\xef\xbb\xbf", fixture.bytes.as_slice()].concat();
        let name = [b"acme".as_slice(), b"acm\xe9"];
        let latin_1 = replaced(&fixture.bytes, name[0], name[1]);
        for (bytes, what) in [
            (utf_16(u16::to_le_bytes), "as UTF-16"),
            (utf_16(u16::to_be_bytes), "as UTF-16 of the other order"),
            (marked, "with a byte order mark"),
        ] {
            refusal(fixture, &bytes, what);
        }
        if latin_1 != fixture.bytes {
            let sentence = refusal(fixture, &latin_1, "as Latin-1");
            assert!(sentence.contains("not UTF-8 text: byte 0xe9"), "{sentence}");
        }
    }
}

#[test]
fn deep_nesting_is_skipped_or_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for fixture in FIXTURES.iter() {
        let text = String::from_utf8(fixture.bytes.clone()).unwrap();
        // In place of every number in turn: the first, one in the middle, the last.
        let numbers: Vec<_> = numbers(&text).collect();
        for (start, end) in [numbers[0], numbers[numbers.len() / 2], numbers[numbers.len() - 1]] {
            let nested = format!("{}{deep}{}", &text[..start], &text[end..]);
            survive(fixture.format, nested.as_bytes(), None).unwrap();
        }
        refusal(fixture, deep.as_bytes(), "all brackets");
    }
}

#[test]
fn a_duplicated_key_is_refused_where_it_is_read() {
    for fixture in FIXTURES.iter() {
        let key = match fixture.format.name() {
            "vllm" | "sglang" => "\"completed\"",
            "guidellm" => "\"request_totals\"",
            "llmperf" if fixture.name.contains("individual") => "\"ttft_s\"",
            "llmperf" => "\"results_ttft_s_mean\"",
            "aiperf" | "genai-perf" => "\"request_latency\"",
            "inference-benchmarker" => "\"results\"",
            "inference-perf" if fixture.name.contains("per_request") => "\"start_time\"",
            "llm-d" if fixture.name.ends_with(".yaml") => continue,
            "llm-d" => "\"request_latency\"",
            _ => "\"successes\"",
        };
        let twice = format!("{key}: null, {key}");
        let bytes = replaced(&fixture.bytes, key.as_bytes(), twice.as_bytes());
        assert_ne!(bytes, fixture.bytes, "{}", fixture.name);
        let sentence = refusal(fixture, &bytes, "with a key that comes twice");
        let expected = ["duplicate field", "invalid type: null"];
        assert!(expected.iter().any(|reason| sentence.contains(reason)), "{sentence}");
    }
}

#[test]
fn a_value_of_a_wrong_type_is_refused_by_its_field() {
    for fixture in FIXTURES.iter() {
        let (key, wrong) = match fixture.format.name() {
            "vllm" | "sglang" => ("\"completed\": 3", "\"completed\": [3]"),
            "guidellm" => ("\"duration\": 0.59", "\"duration\": [0.59]"),
            "llmperf" if fixture.name.contains("individual") => {
                ("\"ttft_s\": 0.21", "\"ttft_s\": {}")
            }
            "llmperf" => {
                ("\"results_number_errors\": ", "\"results_number_errors\": true, \"x\": ")
            }
            "aiperf" if fixture.name.ends_with("l") => ("\"value\": 210.0", "\"value\": \"soon\""),
            "aiperf" | "genai-perf" => ("\"avg\": 270.0", "\"avg\": false"),
            "inference-benchmarker" => ("\"results\": [", "\"results\": [7, "),
            "inference-perf" if fixture.name.contains("per_request") => {
                ("\"start_time\": 5000.0", "\"start_time\": []")
            }
            "llm-d" if fixture.name.ends_with(".yaml") => ("total: 4", "total: [4]"),
            "llm-d" => ("\"total\": 4", "\"total\": [4]"),
            _ => ("\"count\": 3", "\"count\": {}"),
        };
        let bytes = replaced(&fixture.bytes, key.as_bytes(), wrong.as_bytes());
        assert_ne!(bytes, fixture.bytes, "{}", fixture.name);
        let sentence = refusal(fixture, &bytes, "with a value of a wrong type");
        let reasons = ["invalid type", "not a number"];
        assert!(reasons.iter().any(|reason| sentence.contains(reason)), "{sentence}");
    }
}

/// The bytes with the first occurrence of `from` made `to`.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match bytes.windows(from.len()).position(|window| window == from) {
        Some(at) => [&bytes[..at], to, &bytes[at + from.len()..]].concat(),
        None => bytes.to_vec(),
    }
}

/// Where the numbers of a text begin and end, but for those inside of words.
fn numbers(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices(": ").filter_map(|(at, _)| {
        let start = at + 2;
        let length = text[start..].find(|c: char| !c.is_ascii_digit() && c != '.')?;
        (length > 0).then_some((start, start + length))
    })
}
