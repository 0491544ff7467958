use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::bucket::Bucket;

/// Which part of a history: what was published in a span of time, or the last of
/// it in each bucket. By default, everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HistorySpan {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    bucket: Option<Bucket>,
}

/// Why a span shows no history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidHistorySpan {
    /// It ends before it begins, or as it begins.
    #[error("must be before the end of the span")]
    Reversed,
    /// Its buckets are too many.
    #[error(
        "{buckets} of these lie in the span, at most {max} are shown; \
         a longer one or a shorter span is needed",
        max = HistorySpan::MAX_BUCKETS
    )]
    TooManyBuckets {
        /// How many there are.
        buckets: i64,
    },
}

impl HistorySpan {
    /// The most buckets between two ends that were both chosen.
    pub const MAX_BUCKETS: i64 = 1000;

    /// The span from one moment on and before another one, cut into buckets.
    /// Without an end it is that of what is there, up to `now`. Moments outside
    /// the years 1970 to 9999, which not every store can write, count as the
    /// nearest inside.
    ///
    /// # Errors
    /// [`InvalidHistorySpan`].
    pub fn new(
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        bucket: Option<Bucket>,
        now: DateTime<Utc>,
    ) -> Result<Self, InvalidHistorySpan> {
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(InvalidHistorySpan::Reversed);
        }
        let [from, to] = [from, to].map(|end| end.map(plausible));
        if let Some((from, bucket)) = from.zip(bucket) {
            // Of a bucket that begins with the end, nothing belongs to the span.
            let last = to.map_or(now, |to| to - TimeDelta::nanoseconds(1));
            let seconds = (last - bucket.start_of(from)).num_seconds();
            let buckets = seconds.div_euclid(bucket.seconds()).saturating_add(1);
            if buckets > Self::MAX_BUCKETS {
                return Err(InvalidHistorySpan::TooManyBuckets { buckets });
            }
        }
        Ok(Self { from, to, bucket })
    }

    /// The first moment that belongs to it; `None` where any does.
    pub fn from(&self) -> Option<DateTime<Utc>> {
        self.from
    }

    /// The first moment after it; `None` where every later one belongs to it.
    pub fn to(&self) -> Option<DateTime<Utc>> {
        self.to
    }

    /// Of what length of time the last publication alone is shown.
    pub fn bucket(&self) -> Option<Bucket> {
        self.bucket
    }

    /// Whether a moment belongs to it.
    pub fn contains(&self, moment: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.to.is_none_or(|to| moment < to)
    }
}

fn plausible(moment: DateTime<Utc>) -> DateTime<Utc> {
    let last = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::UNIX_EPOCH);
    moment.clamp(DateTime::UNIX_EPOCH, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_750_000_000 + hours * 3600, 0).unwrap()
    }

    fn span(from: i64, to: i64, bucket: &str) -> Result<HistorySpan, InvalidHistorySpan> {
        HistorySpan::new(Some(at(from)), Some(at(to)), Bucket::parse(bucket).ok(), at(0))
    }

    #[test]
    fn it_begins_before_it_ends() {
        assert_eq!(span(5, 5, ""), Err(InvalidHistorySpan::Reversed));
        assert_eq!(span(5, 4, "1h"), Err(InvalidHistorySpan::Reversed));
        let valid = span(4, 5, "").unwrap();
        assert_eq!([3, 4, 5].map(|hours| valid.contains(at(hours))), [false, true, false]);
    }

    #[test]
    fn it_has_a_thousand_buckets_at_most() {
        assert!(span(0, 999, "1h").is_ok());
        let refusal = span(0, 1000, "1h").unwrap_err();
        assert_eq!(refusal, InvalidHistorySpan::TooManyBuckets { buckets: 1001 });
        assert!(span(0, 1000, "2h").is_ok());
    }

    #[test]
    fn a_bucket_that_begins_with_its_end_is_none_of_it() {
        let begin = DateTime::from_timestamp(20_000 * 86_400, 0).unwrap();
        let days = |length| {
            let bucket = Bucket::parse("1d").ok();
            HistorySpan::new(Some(begin), Some(begin + length), bucket, at(0))
        };
        assert!(days(TimeDelta::days(1000)).is_ok());
        let refusal = days(TimeDelta::days(1000) + TimeDelta::microseconds(1)).unwrap_err();
        assert_eq!(refusal, InvalidHistorySpan::TooManyBuckets { buckets: 1001 });
    }

    #[test]
    fn what_no_store_can_write_counts_as_what_it_can() {
        let span = HistorySpan::new(
            Some(DateTime::<Utc>::MIN_UTC),
            Some(DateTime::<Utc>::MAX_UTC),
            None,
            at(0),
        );
        let span = span.unwrap();
        assert_eq!(span.from(), Some(DateTime::UNIX_EPOCH));
        assert_eq!(span.to().unwrap().to_rfc3339(), "9999-12-31T23:59:59+00:00");
    }

    #[test]
    fn without_an_end_it_ends_now() {
        let bucket = Bucket::parse("1m").ok();
        let since = |hours: i64| HistorySpan::new(Some(at(-hours)), None, bucket, at(0));
        assert!(since(16).is_ok());
        assert!(matches!(since(17), Err(InvalidHistorySpan::TooManyBuckets { .. })));
        assert!(HistorySpan::new(None, None, bucket, at(0)).is_ok());
    }
}
