//! What every target does with the bytes it is given.

use benchmark_domain::{LlmName, Timestamp, WorkloadSlug};
use benchmark_result_formats::{Format, Hints, ResultFile};

/// Reads the bytes as a file of this format, and as both halves of one that is
/// in two: runs or one short sentence, and the same again the second time.
pub fn survive(format: &str, bytes: &[u8]) {
    let format = Format::parse(format).expect("a target's name is a format's");
    let hints = Hints {
        llm: LlmName::parse("m").ok(),
        workload: WorkloadSlug::parse("chat").ok(),
        started_at: Timestamp::from_timestamp_secs(1_700_000_000),
        ..Hints::default()
    };
    let file = || ResultFile::new("x.json", bytes);
    let _ = Format::recognise(&mut file());
    let read = format.read(file(), None, &hints);
    match &read {
        Ok(imported) => assert!(!imported.runs.is_empty()),
        Err(refusal) => {
            let sentence = refusal.to_string();
            assert!(sentence.len() < 2_000 && !sentence.contains(char::is_control), "{sentence}");
        }
    }
    assert_eq!(read, format.read(file(), None, &hints));
    // Where a zero byte ends the one half and begins the other.
    let is_in_two = !format.companion_paths("summary/x.jsonl".as_ref()).is_empty();
    if is_in_two && let Some(cut) = bytes.iter().position(|byte| *byte == 0) {
        let half = |bytes| ResultFile::new("y.json", bytes);
        let (one, other) = (&bytes[..cut], &bytes[cut + 1..]);
        // Of two that are refused, the first is.
        assert_eq!(
            format.read(half(one), Some(half(other)), &hints).ok(),
            format.read(half(other), Some(half(one)), &hints).ok()
        );
    }
}
