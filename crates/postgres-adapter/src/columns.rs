//! How single values stand in columns. What cannot be read is `None`: the row
//! knows how to name itself in the error.

use std::str;

use benchmark_domain::chrono::DateTime;
use benchmark_domain::{LlmName, Provider, Source, Timestamp};
use benchmark_ports::StoreError;
use diesel::data_types::PgTimestamp;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Text;

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

/// What a column of texts holds, read from the row itself instead of a copy.
#[derive(Debug, FromSqlRow)]
#[diesel(sql_type = Text)]
pub(crate) struct Parsed<T>(pub(crate) T);

/// What a text in a column may stand for.
pub(crate) trait Parse: Sized {
    /// What the text stands for, if for anything.
    fn parse(text: &str) -> Option<Self>;
}

impl<T: Parse> FromSql<Text, Pg> for Parsed<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let text = str::from_utf8(value.as_bytes())?;
        T::parse(text).map(Self).ok_or_else(|| format!("{text:?} in a column").into())
    }
}

impl Parse for LlmName {
    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Parse for Provider {
    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Parse for Source {
    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
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
