use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Error, from_slice};
use serde_path_to_error::{Path, Segment};

use crate::refusal::Problem;

/// How Python writes what JSON has no word for.
const BARE_LITERALS: [&[u8]; 3] = [b"NaN", b"-Infinity", b"Infinity"];

/// Parses a whole JSON document in one pass.
///
/// Only what fails is looked at again, to say where it fails, with Python's
/// bare literals put in quotes: as text they are [`Number`](crate::number::Number)s
/// that a format can judge field by field.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if let Ok(value) = from_slice(bytes) {
        return Ok(value);
    }
    let quoted = quote_bare_literals(bytes);
    let mut deserializer = Deserializer::from_slice(&quoted);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| located(error.path(), error.inner()))?;
    deserializer.end().map_err(|error| syntax_problem(&error))?;
    Ok(value)
}

/// Whether the document is a list; if not, it is an object or wrong.
pub(crate) fn is_list(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'[')
}

/// The bytes with each of [`BARE_LITERALS`] outside of strings made a string.
pub(crate) fn quote_bare_literals(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(bytes.len() + 64);
    let (mut in_string, mut escaped) = (false, false);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if !in_string
            && let Some(literal) = BARE_LITERALS.iter().find(|l| bytes[at..].starts_with(l))
        {
            quoted.push(b'"');
            quoted.extend_from_slice(literal);
            quoted.push(b'"');
            at += literal.len();
            continue;
        }
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && byte == b'\\' && !escaped;
        quoted.push(byte);
        at += 1;
    }
    quoted
}

pub(crate) fn syntax_problem(error: &Error) -> Problem {
    Problem::at("not valid JSON", error)
}

fn located(path: &Path, error: &Error) -> Problem {
    if !error.is_data() {
        return syntax_problem(error);
    }
    path.iter().rev().fold(Problem::new(error), |problem, segment| match segment {
        Segment::Seq { index } => problem.within(format_args!("record {}", index + 1)),
        Segment::Map { key } => problem.within(key),
        Segment::Enum { .. } | Segment::Unknown => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    use crate::number::Number;

    #[derive(Debug, Deserialize)]
    struct Record {
        ttft_s: Option<Number>,
    }

    fn problem(json: &str) -> String {
        parse::<Vec<Record>>(json.as_bytes()).unwrap_err().into()
    }

    #[test]
    fn a_wrong_type_is_named_with_record_and_field() {
        assert_eq!(
            problem(r#"[{"ttft_s": 1}, {"ttft_s": [2]}]"#),
            "record 2: ttft_s: invalid type: sequence, expected a number at line 1 column 28"
        );
    }

    #[test]
    fn a_duplicate_field_is_named_with_its_record() {
        let problem = problem(r#"[{"ttft_s": 1, "ttft_s": 2}]"#);
        assert!(problem.starts_with("record 1: "), "{problem}");
        assert!(problem.contains("duplicate field `ttft_s`"), "{problem}");
    }

    #[test]
    fn text_after_the_document_is_refused() {
        assert_eq!(problem("[] x"), "not valid JSON: trailing characters at line 1 column 4");
    }

    #[test]
    fn what_a_file_says_does_not_swell_the_message() {
        let long = format!(r#"["{}"]"#, "x".repeat(1_000_000));
        assert!(problem(&long).len() < 400);
    }

    #[test]
    fn bare_literals_are_read_where_a_number_is_wanted() {
        let json = br#"[{"ttft_s": NaN}, {"ttft_s": -Infinity}, {"ttft_s": Infinity}]"#;
        let records: Vec<Record> = parse(json).unwrap();
        let values: Vec<_> = records.iter().map(|r| r.ttft_s.unwrap().0).collect();
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f64::NEG_INFINITY, f64::INFINITY]);
    }

    #[test]
    fn literals_inside_strings_stay_as_they_are() {
        let json = br#"{"a": "NaN \" NaN", "b\\": NaN, "c": "\\"}"#;
        let quoted = br#"{"a": "NaN \" NaN", "b\\": "NaN", "c": "\\"}"#;
        assert_eq!(quote_bare_literals(json), quoted);
    }
}
