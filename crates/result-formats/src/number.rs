use std::fmt;

use benchmark_domain::{Summary, Timestamp};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::refusal::Problem;

/// A number as a tool wrote it, unchecked. A number in quotes counts too: that
/// is how Python programs write what their JSON encoder does not know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNumber;

        impl Visitor<'_> for AnyNumber {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                Ok(Number(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map(Number).map_err(|_| E::custom("the text is not a number"))
            }
        }

        deserializer.deserialize_any(AnyNumber)
    }
}

/// The value of a field that must be there.
pub(crate) fn required(field: &str, number: Option<Number>) -> Result<f64, Problem> {
    number.map(|Number(value)| value).ok_or_else(|| Problem::at(field, "it is missing"))
}

/// A value that can be a sample of a metric.
pub(crate) fn sample(field: &str, number: Option<Number>) -> Result<f64, Problem> {
    Summary::check(required(field, number)?).map_err(|invalid| Problem::at(field, invalid))
}

/// A sample above zero.
pub(crate) fn positive(field: &str, number: Option<Number>) -> Result<f64, Problem> {
    match sample(field, number)? {
        0.0 => Err(Problem::at(field, "0 is not above 0")),
        value => Ok(value),
    }
}

/// A whole number of things.
pub(crate) fn count(field: &str, number: Option<Number>) -> Result<u64, Problem> {
    let value = sample(field, number)?;
    if value.fract() != 0.0 {
        return Err(Problem::at(field, format_args!("{value} is not a whole number")));
    }
    Ok(value as u64)
}

/// A whole number of things, if it is told.
pub(crate) fn optional_count(field: &str, number: Option<Number>) -> Result<Option<u64>, Problem> {
    number.map(|number| count(field, Some(number))).transpose()
}

/// A mean number of things to the nearest one, if it is told.
pub(crate) fn rounded(field: &str, number: Option<Number>) -> Result<Option<u32>, Problem> {
    let Some(number) = number else { return Ok(None) };
    let rounded = sample(field, Some(number))?.round();
    if rounded > f64::from(u32::MAX) {
        return Err(Problem::at(field, "it is too large"));
    }
    Ok(Some(rounded as u32))
}

/// The mean of a total over so many requests, to the nearest whole number, if
/// the total is told and there are requests.
pub(crate) fn mean_of(
    field: &str,
    total: Option<Number>,
    requests: u64,
) -> Result<Option<u32>, Problem> {
    let Some(total) = total.filter(|_| requests > 0) else { return Ok(None) };
    let total = sample(field, Some(total))?;
    rounded(field, Some(Number(total / requests as f64)))
}

/// A time in seconds since 1970.
pub(crate) fn unix_time(field: &str, number: Option<Number>) -> Result<Timestamp, Problem> {
    let seconds = sample(field, number)?;
    // No sample is too large for this product.
    let microseconds = (seconds * 1e6).round() as i64;
    Timestamp::from_timestamp_micros(microseconds)
        .ok_or_else(|| Problem::at(field, format_args!("{seconds} s after 1970 is not a date")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: fmt::Debug>(result: Result<T, Problem>) -> String {
        result.unwrap_err().into()
    }

    #[test]
    fn a_number_in_quotes_is_a_number_other_text_is_not() {
        let number = |json: &str| serde_json::from_str::<Number>(json).map(|n| n.0);
        assert_eq!(number("\"550\"").unwrap(), 550.0);
        assert_eq!(number("-7").unwrap(), -7.0);
        assert!(number("\"NaN\"").unwrap().is_nan());
        let error = number("\"five\"").unwrap_err().to_string();
        assert!(error.starts_with("the text is not a number"), "{error}");
    }

    #[test]
    fn what_is_no_measurement_is_named_with_its_field() {
        let is = |value| Some(Number(value));
        assert_eq!(text(sample("ttft_s", is(-0.2))), "ttft_s: -0.2 is negative");
        assert_eq!(text(sample("ttft_s", is(f64::NAN))), "ttft_s: NaN is not a finite number");
        assert_eq!(text(sample("ttft_s", None)), "ttft_s: it is missing");
        assert_eq!(text(positive("e2e", is(-0.0))), "e2e: 0 is not above 0");
        assert_eq!(text(count("tokens", is(1.5))), "tokens: 1.5 is not a whole number");
    }

    #[test]
    fn a_time_is_exact_to_the_second() {
        let time = unix_time("timestamp", Some(Number(1_704_851_704.0))).unwrap();
        assert_eq!(time.timestamp_micros(), 1_704_851_704_000_000);
        assert!(unix_time("timestamp", Some(Number(f64::NAN))).is_err());
        assert!(unix_time("timestamp", Some(Number(1e13))).is_err());
    }
}
