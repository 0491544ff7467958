use serde::Deserialize;

/// The unit that a file declares for a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Unit {
    #[serde(rename = "s", alias = "sec", alias = "seconds", alias = "s/token")]
    Seconds,
    #[serde(rename = "ms", alias = "milliseconds", alias = "ms/token")]
    Milliseconds,
    #[serde(rename = "us", alias = "microseconds")]
    Microseconds,
    #[serde(rename = "ns", alias = "nanoseconds")]
    Nanoseconds,
    #[serde(rename = "tokens/sec", alias = "tokens/s")]
    TokensPerSecond,
    #[serde(rename = "requests/sec", alias = "requests/s", alias = "queries/s")]
    RequestsPerSecond,
    #[serde(rename = "requests", alias = "tokens", alias = "count")]
    Count,
}

/// What a quantity is one of, in the unit that the domain has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// In seconds.
    Time,
    /// In tokens per second.
    TokenRate,
    /// In requests per second.
    RequestRate,
    /// In ones.
    Count,
}

impl Unit {
    pub(crate) fn dimension(self) -> Dimension {
        match self {
            Self::Seconds | Self::Milliseconds | Self::Microseconds | Self::Nanoseconds => {
                Dimension::Time
            }
            Self::TokensPerSecond => Dimension::TokenRate,
            Self::RequestsPerSecond => Dimension::RequestRate,
            Self::Count => Dimension::Count,
        }
    }

    /// How many of it are one of the domain's unit. To divide by a power of ten
    /// rounds to the nearest double, to multiply by its inverse does not.
    pub(crate) fn per_one(self) -> f64 {
        match self {
            Self::Milliseconds => 1e3,
            Self::Microseconds => 1e6,
            Self::Nanoseconds => 1e9,
            Self::Seconds | Self::TokensPerSecond | Self::RequestsPerSecond | Self::Count => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_read_as_files_write_it() {
        let unit = |text: &str| serde_json::from_str::<Unit>(text);
        assert_eq!(unit("\"ms\"").unwrap(), Unit::Milliseconds);
        assert_eq!(unit("\"queries/s\"").unwrap(), Unit::RequestsPerSecond);
        let refusal = unit("\"fortnights\"").unwrap_err().to_string();
        assert!(refusal.contains("unknown variant `fortnights`"), "{refusal}");
    }

    #[test]
    fn milliseconds_become_the_nearest_seconds() {
        assert_eq!(210.0 / Unit::Milliseconds.per_one(), 0.21);
    }

    proptest::proptest! {
        /// A tool that computes one field of another must find them equal here too.
        #[test]
        fn numbers_are_read_to_their_last_digit(seconds in 1.7e9_f64..1.8e9, fraction: f64) {
            for number in [seconds, fraction] {
                let read: f64 = serde_json::from_str(&format!("{number:?}")).unwrap();
                assert_eq!(read, number);
            }
        }
    }
}
