//! What a text may be, said in schemas.

use benchmark_domain::{FindingCode, Grade, Severity, Source, Statistic};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject};

/// What the slug of a workload looks like.
pub(crate) const SLUG: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$";

/// What the name of a metric looks like, in upper or lower case.
pub(crate) const METRIC: &str = "^[A-Za-z][A-Za-z0-9_]{0,19}$";

/// What a window looks like: up to 87600 hours or 3650 days.
pub(crate) const WINDOW: &str = concat!(
    "^(latest|all",
    "|([1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-6][0-9]{3}|87[0-5][0-9]{2}|87600)h",
    "|([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)d)$",
);

/// What a bucket looks like: up to 525600 minutes, 8760 hours or 365 days.
pub(crate) const BUCKET: &str = concat!(
    "^(([1-9][0-9]{0,4}|[1-4][0-9]{5}|5[01][0-9]{4}|52[0-4][0-9]{3}|525[0-5][0-9]{2}|525600)m",
    "|([1-9][0-9]{0,2}|[1-7][0-9]{3}|8[0-6][0-9]{2}|87[0-5][0-9]|8760)h",
    "|([1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-5])d)$",
);

/// A text for people: no control character, and something to see at both ends.
pub(crate) const VISIBLE: &str = r"^[^\u0000-\u0020\u007f-\u00a0]([^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0])?$";

/// What a ranking is by.
pub(crate) struct StatisticName;

impl JsonSchema for StatisticName {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "Statistic".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(Statistic::ALL.map(Statistic::as_str))
    }
}

/// Where a run came from.
pub(crate) struct SourceName;

impl JsonSchema for SourceName {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "Source".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(
            [Source::Simulation, Source::Import, Source::Push, Source::Probe].map(Source::as_str),
        )
    }
}

/// What a run was found to be worth.
pub(crate) struct VerdictName;

impl JsonSchema for VerdictName {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "Verdict".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(Grade::ALL.map(Grade::as_str))
    }
}

/// What was found about a run.
pub(crate) struct FindingName;

impl JsonSchema for FindingName {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "FindingCode".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(FindingCode::ALL.map(FindingCode::as_str))
    }
}

/// How grave that is.
pub(crate) struct SeverityName;

impl JsonSchema for SeverityName {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "Severity".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(Severity::ALL.map(Severity::as_str))
    }
}

/// One of these texts.
pub(crate) fn one_of<const N: usize>(texts: [&str; N]) -> Schema {
    Schema::Object(SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        enum_values: Some(texts.map(Into::into).into()),
        ..SchemaObject::default()
    })
}

#[cfg(test)]
mod tests {
    use benchmark_domain::{Bucket, Window};
    use regex::Regex;

    use super::*;

    #[test]
    fn the_patterns_of_lengths_of_time_take_what_is_taken() {
        let (window, bucket) = (Regex::new(WINDOW).unwrap(), Regex::new(BUCKET).unwrap());
        let near = |n: u32| n.saturating_sub(2)..n + 2;
        let round = [9, 99, 999, 9999, 50_000, 100_000, 500_000, 520_000, 525_000, 999_999];
        let numbers = (0..9000).chain(86_900..87_700).chain(round.into_iter().flat_map(near));
        for number in numbers.chain(near(525_600)) {
            for unit in ["m", "h", "d"] {
                let text = format!("{number}{unit}");
                assert_eq!(window.is_match(&text), Window::parse(&text).is_ok(), "{text}");
                assert_eq!(bucket.is_match(&text), Bucket::parse(&text).is_ok(), "{text}");
            }
        }
    }
}
