//! What a text may be, said in schemas.

use benchmark_domain::{FindingCode, Grade, Severity, Source, Statistic};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject};

/// What the slug of a workload looks like.
pub(crate) const SLUG: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$";

/// What the name of a metric looks like, in upper or lower case.
pub(crate) const METRIC: &str = "^[A-Za-z][A-Za-z0-9_]{0,19}$";

/// What a window looks like: the hours and days are up to ten years.
pub(crate) const WINDOW: &str = "^(latest|all|[1-9][0-9]{0,3}h|[1-9][0-9]{0,2}d)$";

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
