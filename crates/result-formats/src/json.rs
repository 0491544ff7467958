use std::str;

use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Error, from_str};
use serde_path_to_error::{Path, Segment};

use crate::content::Content;
use crate::refusal::Problem;

/// How Python writes what JSON has no word for.
const BARE_LITERALS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];

/// What part of a file a text is, which decides how an error in it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// All of it.
    Whole,
    /// An element of the list that it is.
    Element,
    /// One of its lines.
    Line,
}

/// Parses a JSON text in one pass.
///
/// Only what fails is looked at again, to say where it fails, with Python's
/// bare literals put in quotes: as text they are [`Number`](crate::number::Number)s
/// that a format can judge field by field.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], place: Place) -> Result<T, Problem> {
    let text = text(bytes)?;
    if let Ok(value) = from_str(text) {
        return Ok(value);
    }
    let quoted = quote_bare_literals(text);
    let mut deserializer = Deserializer::from_str(&quoted);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| located(error.path(), error.inner(), place))?;
    deserializer.end().map_err(|error| syntax_problem(&error, place))?;
    Ok(value)
}

/// Parses one JSON text or several, one behind the other, as tools leave them
/// that append their results.
pub(crate) fn parse_several<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, Problem> {
    let text = text(bytes)?;
    if let Ok(values) = Deserializer::from_str(text).into_iter().collect() {
        return Ok(values);
    }
    let quoted = quote_bare_literals(text);
    let mut deserializer = Deserializer::from_str(&quoted);
    let mut values = Vec::new();
    while deserializer.end().is_err() {
        let value = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| located(error.path(), error.inner(), Place::Whole))?;
        values.push(value);
    }
    Ok(values)
}

/// Whether the document is a list; if not, it is an object or wrong.
pub(crate) fn is_list(content: &mut Content<'_>) -> Result<bool, Problem> {
    Ok(content.first_visible()? == Some(b'['))
}

/// The bytes as text.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Problem::new(format_args!("it is not UTF-8 text: byte {:#04x} at {at}", bytes[at]))
    })
}

/// The text with each of [`BARE_LITERALS`] outside of strings made a string.
pub(crate) fn quote_bare_literals(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 64);
    let (mut in_string, mut escaped) = (false, false);
    let mut copied = 0;
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        let literal =
            || BARE_LITERALS.into_iter().find(|l| text.as_bytes()[at..].starts_with(l.as_bytes()));
        if !in_string
            && matches!(byte, b'N' | b'-' | b'I')
            && let Some(literal) = literal()
        {
            quoted.push_str(&text[copied..at]);
            quoted.push('"');
            quoted.push_str(literal);
            quoted.push('"');
            at += literal.len();
            copied = at;
            continue;
        }
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && byte == b'\\' && !escaped;
        at += 1;
    }
    quoted.push_str(&text[copied..]);
    quoted
}

pub(crate) fn syntax_problem(error: &Error, place: Place) -> Problem {
    Problem::at("not valid JSON", placed(error, place))
}

fn located(path: &Path, error: &Error, place: Place) -> Problem {
    if !error.is_data() {
        return syntax_problem(error, place);
    }
    path.iter().rev().fold(Problem::new(placed(error, place)), |problem, segment| match segment {
        Segment::Seq { index } => problem.within(format_args!("element {}", index + 1)),
        Segment::Map { key } => problem.within(key),
        Segment::Enum { .. } | Segment::Unknown => problem,
    })
}

/// The error with its line and column as the reader of the file counts them.
fn placed(error: &Error, place: Place) -> String {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let Some(what) = text.strip_suffix(&format!(" at line {line} column {column}")) else {
        return text;
    };
    match place {
        Place::Whole => text,
        Place::Element => format!("{what} at line {line} column {column} of the record"),
        Place::Line => format!("{what} at column {column}"),
    }
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
        parse::<Vec<Record>>(json.as_bytes(), Place::Whole).unwrap_err().into()
    }

    #[test]
    fn a_wrong_type_is_named_with_its_place() {
        let json = r#"[{"ttft_s": 1}, {"ttft_s": [2]}]"#;
        let what = "element 2: ttft_s: invalid type: sequence, expected a number";
        assert_eq!(problem(json), format!("{what} at line 1 column 28"));
        let placed = |place| {
            let result = parse::<Vec<Record>>(json.as_bytes(), place);
            String::from(result.unwrap_err())
        };
        assert_eq!(placed(Place::Element), format!("{what} at line 1 column 28 of the record"));
        assert_eq!(placed(Place::Line), format!("{what} at column 28"));
    }

    #[test]
    fn a_duplicate_field_is_named_with_its_record() {
        let problem = problem(r#"[{"ttft_s": 1, "ttft_s": 2}]"#);
        assert!(problem.starts_with("element 1: "), "{problem}");
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
    fn bytes_of_another_encoding_are_refused_with_the_first_of_them() {
        let result = parse::<Vec<Record>>(b"[{\"\xe9\": 1}]", Place::Whole);
        assert_eq!(String::from(result.unwrap_err()), "it is not UTF-8 text: byte 0xe9 at 3");
    }

    #[test]
    fn bare_literals_are_read_where_a_number_is_wanted() {
        let json = br#"[{"ttft_s": NaN}, {"ttft_s": -Infinity}, {"ttft_s": Infinity}]"#;
        let records: Vec<Record> = parse(json, Place::Whole).unwrap();
        let values: Vec<_> = records.iter().map(|r| r.ttft_s.unwrap().0).collect();
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f64::NEG_INFINITY, f64::INFINITY]);
    }

    #[test]
    fn literals_inside_strings_stay_as_they_are() {
        let json = r#"{"a": "NaN \" NaN é", "b\\": NaN, "c": "\\"}"#;
        let quoted = r#"{"a": "NaN \" NaN é", "b\\": "NaN", "c": "\\"}"#;
        assert_eq!(quote_bare_literals(json), quoted);
    }
}
