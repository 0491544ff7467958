//! Times as files write them.

use benchmark_domain::Timestamp;
use benchmark_domain::chrono::{DateTime, NaiveDateTime, Utc};

use crate::refusal::Problem;

/// What is said of a time that was written without its zone.
pub(crate) const ZONELESS: &str =
    "The file writes its time without a zone, which is taken as UTC unless a time is given.";

/// A time with its zone: `2026-01-01T12:00:00+00:00`.
pub(crate) fn zoned(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let parse = |text: &str| DateTime::parse_from_rfc3339(text.trim()).map(|time| time.to_utc());
    text.map(parse).transpose().map_err(|error| Problem::at(field, error))
}

/// A time without one, in this layout of chrono's.
pub(crate) fn zoneless(
    field: &str,
    text: Option<&str>,
    layout: &str,
) -> Result<Option<Timestamp>, Problem> {
    let parse = |text: &str| NaiveDateTime::parse_from_str(text.trim(), layout).map(in_utc);
    text.map(parse).transpose().map_err(|error| Problem::at(field, error))
}

fn in_utc(time: NaiveDateTime) -> DateTime<Utc> {
    time.and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_767_268_800;

    #[test]
    fn times_are_read_as_files_write_them() {
        let time = zoned("start_time", Some("2026-01-01T13:00:00.0+01:00")).unwrap().unwrap();
        assert_eq!(time.timestamp(), NOON);
        let time = zoneless("date", Some("20260101-120000"), "%Y%m%d-%H%M%S").unwrap().unwrap();
        assert_eq!(time.timestamp(), NOON);
        assert_eq!(zoned("start_time", None).unwrap(), None);
    }

    #[test]
    fn what_is_no_time_is_refused_by_its_field() {
        let problem = String::from(zoned("start_time", Some("noon")).unwrap_err());
        assert!(problem.starts_with("start_time: "), "{problem}");
    }
}
