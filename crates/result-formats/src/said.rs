use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether a field says anything. Errors are text in most files, but what an
/// endpoint answered is passed on as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Said(pub(crate) bool);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = Said;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Said, E> {
                Ok(Said(!text.trim().is_empty()))
            }

            fn visit_unit<E: Error>(self) -> Result<Said, E> {
                Ok(Said(false))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Said, E> {
                Ok(Said(true))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Said, E> {
                Ok(Said(true))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Said, E> {
                Ok(Said(true))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Said, E> {
                Ok(Said(true))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Said(true))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Said, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Said(true))
            }
        }

        deserializer.deserialize_any(Anything)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_blank_text_say_nothing() {
        let said = |json: &str| serde_json::from_str::<Said>(json).unwrap().0;
        for silent in ["null", "\"\"", "\" \\n\""] {
            assert!(!said(silent), "{silent}");
        }
        for saying in ["\"x\"", "429", "-1", "0.5", "false", "{\"code\": 1}", "[]"] {
            assert!(said(saying), "{saying}");
        }
    }
}
