use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A struct read from a JSON object only. What serde derives would also take
/// an array of the fields in their order.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

/// For `#[serde(deserialize_with)]`: an object or null.
pub(super) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|object| object.0))
}

/// For `#[serde(deserialize_with)]`: objects by name, at most so many.
pub(super) fn by_name<'de, D, T, const MOST: usize>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer
        .deserialize_map(EachOnce { most: MOST, value_of: |Object(value): Object<T>| value })
}

/// For `#[serde(deserialize_with)]`: values by name, at most so many. What serde
/// reads would keep the last one of a name alone.
pub(super) fn each_once<'de, D, T, const MOST: usize>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(EachOnce { most: MOST, value_of: |value: T| value })
}

/// Reads a map of few entries, and no further: names alone may take many times
/// the memory that they do as text.
struct EachOnce<V, T> {
    most: usize,
    value_of: fn(V) -> T,
}

impl<'de, V: Deserialize<'de>, T> Visitor<'de> for EachOnce<V, T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let Self { most, value_of } = self;
        let mut values = BTreeMap::new();
        while let Some(name) = entries.next_key::<String>()? {
            if values.len() == most {
                return Err(A::Error::custom(format_args!("no more than {most} are taken")));
            }
            match values.entry(name) {
                Entry::Vacant(place) => place.insert(value_of(entries.next_value()?)),
                Entry::Occupied(place) => {
                    let twice = format_args!("{:?} is there twice", place.key());
                    return Err(A::Error::custom(twice));
                }
            };
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_of(text: &str) -> Result<BTreeMap<String, u8>, String> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = each_once::<_, _, 2>(&mut deserializer);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn what_follows_as_many_as_are_taken_is_not_read() {
        assert_eq!(two_of(r#"{"a": 1, "b": 2}"#).unwrap().len(), 2);
        let refusal = two_of(r#"{"a": 1, "b": 2, "c": "no number"}"#).unwrap_err();
        assert!(refusal.starts_with("no more than 2 are taken"), "{refusal}");
    }
}
