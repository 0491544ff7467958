use std::collections::BTreeSet;
use std::fmt;
use std::str;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use thiserror::Error;

use crate::content::Content;
use crate::json::{self, Place, quote_bare_literals, syntax_problem};
use crate::refusal::Problem;

/// The shape of a document's beginning: enough to tell whose it is. What
/// follows is not looked at and may be malformed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outline {
    /// An object with these keys, or several, one per line.
    Object(Keys),
    /// A list whose first element is an object with these keys.
    Records(Keys),
    EmptyList,
    /// Lines of YAML, with these keys at the left.
    Yaml(Keys),
    /// Anything else, JSON or not.
    Other,
}

/// The first keys of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Keys(BTreeSet<String>);

/// Why an outline is not a format's.
#[derive(Debug, Error)]
pub(crate) enum Misfit {
    #[error("{0} is missing")]
    Lacks(&'static str),
    #[error("it is not made of JSON objects")]
    NoObjects,
    #[error("it is not a list")]
    NoList,
    #[error("it is a list")]
    List,
}

/// How much of a file is looked at: what tells a tool stands at the beginning,
/// long lists of requests behind it.
const BEGINNING: usize = 1 << 20;

impl Outline {
    pub(crate) fn of(content: &mut Content<'_>) -> Result<Self, Problem> {
        content.peek(BEGINNING)?;
        let cut = !content.is_all_at_hand();
        let bytes = content.peek(0)?;
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(Problem::new("it is UTF-16 text; JSON is UTF-8"));
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(Problem::new("it begins with a byte order mark, which JSON must not"));
        }
        let text = match str::from_utf8(bytes) {
            Err(error) if cut && error.error_len().is_none() => {
                json::text(&bytes[..error.valid_up_to()])?
            }
            _ => json::text(bytes)?,
        };
        Self::of_beginning(text, cut)
    }

    fn of_beginning(text: &str, cut: bool) -> Result<Self, Problem> {
        // Before a colon or a comma, it is cut in no number and in no word, half of
        // which would be taken for a mistake.
        let text = match text.rfind([':', ',']) {
            Some(mark) if cut => &text[..mark],
            _ => text,
        };
        let document = text.trim_ascii_start();
        let Some(elements) = document.strip_prefix('[') else {
            return match document.chars().next() {
                None => Err(Problem::new("it is empty")),
                Some('{') => Keys::of_first(document, text, cut).map(Self::Object),
                Some(_) => Ok(Keys::at_the_left(text).map_or(Self::Other, Self::Yaml)),
            };
        };
        match elements.trim_ascii_start() {
            first if first.starts_with('{') => Keys::of_first(first, text, cut).map(Self::Records),
            first if first.starts_with(']') => Ok(Self::EmptyList),
            _ => Ok(Self::Other),
        }
    }

    /// Whether it is an object with all these keys.
    pub(crate) fn is_object_with(&self, keys: &[&'static str]) -> Result<(), Misfit> {
        match self {
            Self::Object(found) => found.have(keys),
            Self::Records(_) | Self::EmptyList => Err(Misfit::List),
            Self::Yaml(_) | Self::Other => Err(Misfit::NoObjects),
        }
    }

    /// Whether it is a list of objects with all these keys.
    pub(crate) fn is_list_with(&self, keys: &[&'static str]) -> Result<(), Misfit> {
        match self {
            Self::Records(found) => found.have(keys),
            Self::Object(_) => Err(Misfit::NoList),
            Self::EmptyList | Self::Yaml(_) | Self::Other => Err(Misfit::NoObjects),
        }
    }
}

impl Keys {
    /// No tool writes more; a hostile file must not fill the memory.
    const MAX: usize = 1_000;

    /// Whether all these keys are there.
    pub(crate) fn have(&self, keys: &[&'static str]) -> Result<(), Misfit> {
        match keys.iter().find(|key| !self.0.contains(**key)) {
            Some(key) => Err(Misfit::Lacks(key)),
            None => Ok(()),
        }
    }

    /// The keys of a YAML document, unless there are none.
    fn at_the_left(text: &str) -> Option<Self> {
        let is_key =
            |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let keys = text.lines().filter_map(|line| Some(line.split_once(':')?.0));
        let keys = keys.filter(|key| !key.is_empty() && is_key(key)).take(Self::MAX);
        let keys: BTreeSet<_> = keys.map(str::to_owned).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// The keys of the object that `object`, the end of `document`, begins
    /// with; where the document is `cut`, those before the cut.
    fn of_first(object: &str, document: &str, cut: bool) -> Result<Self, Problem> {
        Self::read(object, cut).or_else(|_| {
            // With the list's bracket blanked, the object begins the document,
            // and an error's line and column are those that a reader will see.
            let mut document = quote_bare_literals(document);
            if let Some(at) = document.find(|c: char| !c.is_ascii_whitespace())
                && document[at..].starts_with('[')
            {
                document.replace_range(at..=at, " ");
            }
            Self::read(&document, cut).map_err(|error| syntax_problem(&error, Place::Whole))
        })
    }

    fn read(text: &str, cut: bool) -> Result<Self, serde_json::Error> {
        let mut keys = BTreeSet::new();
        match KeysInto(&mut keys).deserialize(&mut serde_json::Deserializer::from_str(text)) {
            Err(error) if !(cut && error.is_eof()) => Err(error),
            _ => Ok(Self(keys)),
        }
    }
}

/// Takes down the keys of an object, as many as come before an error.
struct KeysInto<'k>(&'k mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for KeysInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for KeysInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key()? {
            if self.0.len() < Keys::MAX {
                self.0.insert(key);
            }
            let IgnoredAny = map.next_value()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> Keys {
        Keys(keys.iter().map(|&key| key.to_owned()).collect())
    }

    fn of(bytes: &[u8]) -> Result<Outline, String> {
        Ok(Outline::of(&mut Content::new(bytes))?)
    }

    fn outline(json: &str) -> Outline {
        of(json.as_bytes()).unwrap()
    }

    #[test]
    fn objects_lists_and_lines_are_told_apart() {
        assert_eq!(outline(r#" {"a": [1], "b": {"c": 2}}"#), Outline::Object(keys(&["a", "b"])));
        assert_eq!(outline(r#"[ {"a": NaN}, {"b": 1}]"#), Outline::Records(keys(&["a"])));
        assert_eq!(outline("{\"a\": 1}\n{\"b\": 2}\n"), Outline::Object(keys(&["a"])));
        assert_eq!(outline("[ ]"), Outline::EmptyList);
        assert_eq!(outline("# x\na:\n  b: 1\nc: 2\n"), Outline::Yaml(keys(&["a", "c"])));
        for other in ["[[1, 2], 3]", "42", "hello", "[", &"[".repeat(100_000)] {
            assert_eq!(outline(other), Outline::Other);
        }
    }

    #[test]
    fn of_a_long_document_the_beginning_is_enough() {
        let long = format!(r#"[{{"a": Infinity, "b": "{}", "c": 1}}]"#, "é".repeat(BEGINNING));
        assert_eq!(outline(&long), Outline::Records(keys(&["a", "b"])));
    }

    #[test]
    fn wherever_the_beginning_is_cut_it_is_no_mistake() {
        let document = r#"[{"a": -0.5e-7, "b": [NaN, -Infinity, "x\u00e9\\,\"", true, null]}]"#;
        for at in 2..document.len() {
            let outline = Outline::of_beginning(&document[..at], true);
            assert!(matches!(outline, Ok(Outline::Records(_))), "{at}: {outline:?}");
        }
        assert!(Outline::of_beginning("{\"a\": 1, }", false).is_err());
    }

    #[test]
    fn a_broken_first_record_is_placed_in_the_document() {
        let problem = of(b"[\n  {\"a\": 1, }\n]").unwrap_err();
        assert_eq!(problem, "not valid JSON: trailing comma at line 2 column 12");
    }

    #[test]
    fn another_encoding_is_named() {
        let utf_16: Vec<_> = "{\"a\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with_mark = [b"\xff\xfe", &utf_16[..]].concat();
        assert_eq!(of(&with_mark).unwrap_err(), "it is UTF-16 text; JSON is UTF-8");
        assert!(of(&utf_16).unwrap_err().starts_with("not valid JSON: "));
        assert!(of(b"\xef\xbb\xbf{}").unwrap_err().contains("byte order mark"));
        assert!(of(b"{\"caf\xe9\": 1}").unwrap_err().contains("not UTF-8 text: byte 0xe9"));
    }
}
