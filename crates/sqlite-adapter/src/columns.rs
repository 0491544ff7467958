//! How single values stand in columns. What cannot be read is `None`: the row
//! knows how to name itself in the error.

use benchmark_domain::Timestamp;
use benchmark_domain::chrono::{DateTime, SecondsFormat, Utc};
use benchmark_domain::uuid::Uuid;
use benchmark_ports::StoreError;

/// A moment as text whose order is the order in time; anything below a
/// microsecond is dropped.
pub(crate) fn timestamp_text(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The moment that [`timestamp_text`] wrote so.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

/// The id that its `Display` wrote so.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok()
}

/// A count as SQLite can count.
pub(crate) fn integer(count: impl TryInto<i64>) -> Result<i64, StoreError> {
    count.try_into().map_err(|_| StoreError::failed("a count is above 2^63"))
}

/// The count that [`integer`] wrote so.
pub(crate) fn count<T: TryFrom<i64>>(integer: i64) -> Option<T> {
    integer.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_texts_is_the_order_in_time() {
        let at = |micros| DateTime::from_timestamp_micros(micros).unwrap();
        let moments = [0, 1, 999_999, 1_000_000, 1_750_000_000_100_000, 253_402_300_799_999_999];
        let texts = moments.map(|micros| timestamp_text(at(micros)));
        assert!(texts.is_sorted());
        assert!(texts.iter().all(|text| text.len() == 27), "{texts:?}");
        assert_eq!(texts.map(|text| timestamp(&text).unwrap()), moments.map(at));
    }
}
