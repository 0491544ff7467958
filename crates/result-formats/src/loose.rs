use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::number::Number;

/// What stands in a field whose kind depends on how the tool was called: an
/// object is read as a `T`, a list as its only element, text and numbers as `T`
/// takes them. All else says nothing, and none of it is held.
#[derive(Debug, Default)]
pub(crate) struct Loosely<T>(pub(crate) T);

/// What can be read of a field of any kind.
pub(crate) trait Loose: Default + DeserializeOwned {
    fn of_text(_: &str) -> Self {
        Self::default()
    }

    fn of_whole(_: u64) -> Self {
        Self::default()
    }

    fn of_number(_: f64) -> Self {
        Self::default()
    }
}

/// Text, if that is what it is.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Text {
    #[serde(skip)]
    text: Option<String>,
}

impl Loose for Text {
    fn of_text(text: &str) -> Self {
        Self { text: Some(text.to_owned()) }
    }
}

/// A number, in quotes too, if that is what it is.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Numeric {
    #[serde(skip)]
    pub(crate) value: Option<Number>,
}

impl Loose for Numeric {
    fn of_text(text: &str) -> Self {
        Self { value: text.parse().ok().map(Number) }
    }

    fn of_whole(number: u64) -> Self {
        Self::of_number(number as f64)
    }

    fn of_number(number: f64) -> Self {
        Self { value: Some(Number(number)) }
    }
}

/// The text in a field, if there is such.
pub(crate) fn text(field: &Option<Loosely<Text>>) -> Option<&str> {
    field.as_ref()?.0.text.as_deref()
}

impl<'de, T: Loose> Deserialize<'de> for Loosely<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything(PhantomData))
    }
}

struct Anything<T>(PhantomData<T>);

impl<'de, T: Loose> Visitor<'de> for Anything<T> {
    type Value = Loosely<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Loosely<T>, E> {
        Ok(Loosely(T::of_text(text)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Loosely<T>, E> {
        Ok(Loosely(T::of_whole(number)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Loosely<T>, E> {
        Ok(Loosely(T::of_number(number as f64)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Loosely<T>, E> {
        Ok(Loosely(T::of_number(number)))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Loosely<T>, E> {
        Ok(Loosely::default())
    }

    fn visit_unit<E: Error>(self) -> Result<Loosely<T>, E> {
        Ok(Loosely::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Loosely<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Loosely)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loosely<T>, A::Error> {
        let first = list.next_element()?;
        let mut is_alone = true;
        while let Some(IgnoredAny) = list.next_element()? {
            is_alone = false;
        }
        Ok(first.filter(|_| is_alone).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_quotes_too_and_a_word_is_none() {
        let found = |json: &str| {
            let Loosely(Numeric { value }) = serde_json::from_str(json).unwrap();
            value.map(|Number(value)| value)
        };
        for (json, value) in [("4", 4.0), ("-4", -4.0), ("2.5", 2.5), ("\"inf\"", f64::INFINITY)] {
            assert_eq!(found(json), Some(value), "{json}");
        }
        for other in ["\"trace\"", "true", "null", "{}"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn text_is_found_alone_or_as_the_only_element() {
        let found = |json: &str| {
            let field = serde_json::from_str(json).unwrap();
            text(&field).map(str::to_owned)
        };
        assert_eq!(found("\"acme\"").unwrap(), "acme");
        assert_eq!(found("[\"acme\"]").unwrap(), "acme");
        for other in ["null", "7", "-7", "0.5", "true", "[]", "[\"a\", \"b\"]", "{\"a\": [1]}"] {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
