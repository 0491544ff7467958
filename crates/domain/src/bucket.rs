use std::fmt;

use chrono::{DateTime, Utc};
use thiserror::Error;

/// A length of time into which a history is cut: 1 minute to 365 days. Buckets
/// begin at the multiples of their length since 1970, in UTC, so that a day is a
/// day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    minutes: u32,
}

/// A text that names no bucket.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a bucket is 1 minute to 365 days long, such as 15m, 1h or 1d")]
pub struct InvalidBucket;

impl Bucket {
    const UNITS: [(char, u32); 3] = [('d', 24 * 60), ('h', 60), ('m', 1)];
    const MAX_MINUTES: u32 = 365 * 24 * 60;

    /// Parses a whole number of minutes (`15m`), hours (`1h`) or days (`1d`).
    ///
    /// # Errors
    /// [`InvalidBucket`] for anything else, and for none or more than a year.
    pub fn parse(text: &str) -> Result<Self, InvalidBucket> {
        let (digits, minutes_per_unit) = Self::UNITS
            .into_iter()
            .find_map(|(unit, minutes)| Some((text.strip_suffix(unit)?, minutes)))
            .ok_or(InvalidBucket)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidBucket);
        }
        digits
            .parse::<u32>()
            .ok()
            .and_then(|n| n.checked_mul(minutes_per_unit))
            .filter(|minutes| (1..=Self::MAX_MINUTES).contains(minutes))
            .map(|minutes| Self { minutes })
            .ok_or(InvalidBucket)
    }

    /// Its length.
    pub fn seconds(self) -> i64 {
        i64::from(self.minutes) * 60
    }

    /// When the bucket began in which a moment lies.
    pub fn start_of(self, moment: DateTime<Utc>) -> DateTime<Utc> {
        let number = moment.timestamp().div_euclid(self.seconds());
        DateTime::from_timestamp(number * self.seconds(), 0).unwrap_or(moment)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, minutes): &(char, u32)| self.minutes.is_multiple_of(*minutes);
        let (unit, minutes) = Self::UNITS.into_iter().find(fits).unwrap_or(('m', 1));
        write!(f, "{}{unit}", self.minutes / minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bucket_is_minutes_hours_or_days() {
        for (text, seconds) in [("1m", 60), ("90m", 5400), ("1h", 3600), ("365d", 31_536_000)] {
            assert_eq!(Bucket::parse(text).unwrap().seconds(), seconds, "{text}");
        }
        for bad in ["", "h", "0h", "-1d", "+1d", "1.5h", "366d", "9999999999m", "1s", "1w", "1"] {
            assert_eq!(Bucket::parse(bad), Err(InvalidBucket), "{bad}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight() {
        let moment = DateTime::parse_from_rfc3339("2025-06-15T15:06:40.123456Z").unwrap().to_utc();
        let day = Bucket::parse("1d").unwrap().start_of(moment);
        assert_eq!(day.to_rfc3339(), "2025-06-15T00:00:00+00:00");
    }

    proptest! {
        #[test]
        fn what_a_bucket_displays_parses_to_it(minutes in 1_u32..=525_600) {
            let bucket = Bucket::parse(&format!("{minutes}m")).unwrap();
            prop_assert_eq!(Bucket::parse(&bucket.to_string()).unwrap(), bucket);
        }

        #[test]
        fn a_moment_lies_in_its_bucket(minutes in 1_u32..=525_600, micros in 0..4_000_000_000_000_000_i64) {
            let bucket = Bucket::parse(&format!("{minutes}m")).unwrap();
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            let start = bucket.start_of(moment);
            prop_assert!(start <= moment && (moment - start).num_seconds() < bucket.seconds());
            prop_assert_eq!(bucket.start_of(start), start);
        }
    }
}
