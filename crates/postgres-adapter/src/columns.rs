//! How single values stand in columns. What cannot be read is `None`: the row
//! knows how to name itself in the error.

use benchmark_domain::Timestamp;
use benchmark_domain::chrono::DateTime;
use benchmark_ports::StoreError;
use diesel::data_types::PgTimestamp;

/// From the Unix epoch to that of PostgreSQL, the first moment of 2000.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A moment as a column holds it; anything below a microsecond is dropped.
pub(crate) fn moment(at: Timestamp) -> PgTimestamp {
    PgTimestamp(at.timestamp_micros().saturating_sub(EPOCH_MICROS))
}

/// The moment that [`moment`] wrote so.
pub(crate) fn timestamp(PgTimestamp(micros): PgTimestamp) -> Option<Timestamp> {
    DateTime::from_timestamp_micros(micros.checked_add(EPOCH_MICROS)?)
}

/// A moment that may be missing; `None` if it is there and none at all.
pub(crate) fn timestamp_if_any(column: Option<PgTimestamp>) -> Option<Option<Timestamp>> {
    match column {
        Some(at) => timestamp(at).map(Some),
        None => Some(None),
    }
}

/// A count as a column can count.
pub(crate) fn integer<T>(count: impl TryInto<T>) -> Result<T, StoreError> {
    count.try_into().map_err(|_| StoreError::failed("a count is too great to be stored"))
}

/// The count that [`integer`] wrote so.
pub(crate) fn count<T: TryFrom<S>, S>(integer: S) -> Option<T> {
    integer.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_to_the_microsecond() {
        for micros in [0, 1, -1, EPOCH_MICROS, 1_750_000_000_123_456, 253_402_300_799_999_999] {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            assert_eq!(timestamp(moment(at)), Some(at));
        }
    }

    #[test]
    fn infinity_is_no_moment() {
        assert_eq!(timestamp(PgTimestamp(i64::MAX)), None);
        assert_eq!(timestamp(PgTimestamp(i64::MIN)), None);
    }
}
