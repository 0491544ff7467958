//! Types that exist for their schema alone: what a text may be.

use benchmark_domain::{Source, Statistic};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject};

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

fn one_of<const N: usize>(texts: [&str; N]) -> Schema {
    Schema::Object(SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        enum_values: Some(texts.map(Into::into).into()),
        ..SchemaObject::default()
    })
}
