//! A JSON array whose elements wait to be read.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The first `MOST` elements of an array as they are written, and how many it has:
/// values would take far more memory than their text before it is known that they
/// are too many.
#[derive(Debug, Default)]
pub(super) struct Elements<'a, const MOST: usize> {
    pub(super) first: Vec<&'a RawValue>,
    pub(super) count: usize,
}

impl<'de: 'a, 'a, const MOST: usize> Deserialize<'de> for Elements<'a, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self::default())
    }
}

impl<'de: 'a, 'a, const MOST: usize> Visitor<'de> for Elements<'a, MOST> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<Self, A::Error> {
        while let Some(element) = elements.next_element()? {
            if self.count < MOST {
                self.first.push(element);
            }
            self.count += 1;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn all_are_counted_and_the_first_are_kept_as_written() {
        let Elements::<2> { first, count } =
            json::parse(br#"[{"a": 1}, [2] , 1e999, {}]"#).unwrap();
        assert_eq!(
            first.iter().map(|element| element.get()).collect::<Vec<_>>(),
            [r#"{"a": 1}"#, "[2]"]
        );
        assert_eq!(count, 4);
    }

    #[test]
    fn what_is_no_json_is_malformed_wherever_that_shows() {
        for text in ["[1, 2, 3, ", "[1, 2, 3] 4", "[1, 2, {3}]"] {
            let refusal = json::parse::<Elements<'_, 1>>(text.as_bytes()).unwrap_err();
            assert!(refusal.to_string().starts_with("The body is not valid JSON"), "{text}");
        }
    }
}
