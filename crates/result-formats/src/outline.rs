use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use thiserror::Error;

use crate::json::{quote_bare_literals, syntax_problem};
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
}

impl Outline {
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, Problem> {
        let document = bytes.trim_ascii_start();
        match document {
            [] => Err(Problem::new("it is empty")),
            [b'{', ..] => Keys::of_first(document, bytes).map(Self::Object),
            [b'[', elements @ ..] => match elements.trim_ascii_start() {
                [b']', ..] => Ok(Self::EmptyList),
                first @ [b'{', ..] => Keys::of_first(first, bytes).map(Self::Records),
                _ => Ok(Self::Other),
            },
            _ => Ok(Self::Other),
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

    /// The keys of the object that `object`, the end of `document`, begins with.
    fn of_first(object: &[u8], document: &[u8]) -> Result<Self, Problem> {
        Self::read(object).or_else(|_| {
            // With the list's bracket blanked, the object begins the document,
            // and an error's line and column are those that a reader will see.
            let mut document = quote_bare_literals(document);
            if let Some(first) = document.iter_mut().find(|byte| !byte.is_ascii_whitespace())
                && *first == b'['
            {
                *first = b' ';
            }
            Self::read(&document).map_err(|error| syntax_problem(&error))
        })
    }

    fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        Self::deserialize(&mut serde_json::Deserializer::from_slice(bytes))
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyObject;

        impl<'de> Visitor<'de> for AnyObject {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = BTreeSet::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    if keys.len() < Keys::MAX {
                        keys.insert(key);
                    }
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(AnyObject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> Keys {
        Keys(keys.iter().map(|&key| key.to_owned()).collect())
    }

    fn outline(json: &str) -> Outline {
        Outline::of(json.as_bytes()).unwrap()
    }

    #[test]
    fn objects_lists_and_lines_are_told_apart() {
        assert_eq!(outline(r#" {"a": [1], "b": {"c": 2}}"#), Outline::Object(keys(&["a", "b"])));
        assert_eq!(outline(r#"[ {"a": NaN}, {"b": 1}]"#), Outline::Records(keys(&["a"])));
        assert_eq!(outline("{\"a\": 1}\n{\"b\": 2}\n"), Outline::Object(keys(&["a"])));
        assert_eq!(outline("[ ]"), Outline::EmptyList);
        for other in ["[[1, 2], 3]", "42", "hello", "[", &"[".repeat(100_000)] {
            assert_eq!(outline(other), Outline::Other);
        }
    }

    #[test]
    fn a_broken_first_record_is_placed_in_the_document() {
        let problem = Outline::of(b"[\n  {\"a\": 1, }\n]").unwrap_err();
        assert_eq!(String::from(problem), "not valid JSON: trailing comma at line 2 column 12");
    }
}
