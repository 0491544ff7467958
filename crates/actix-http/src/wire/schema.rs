//! Schemas that say more than the Rust type does.

use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject};

fn text() -> SchemaObject {
    SchemaObject { instance_type: Some(InstanceType::String.into()), ..SchemaObject::default() }
}

/// Any text.
pub(crate) fn any_text() -> Schema {
    Schema::Object(text())
}

/// A UUID, as text.
pub(crate) fn uuid(_: &mut SchemaGenerator) -> Schema {
    Schema::Object(SchemaObject { format: Some("uuid".to_owned()), ..text() })
}

/// A moment in RFC 3339.
pub(crate) fn date_time(_: &mut SchemaGenerator) -> Schema {
    Schema::Object(SchemaObject { format: Some("date-time".to_owned()), ..text() })
}

/// One of these texts.
pub(crate) fn one_of(texts: &[&str]) -> Schema {
    let texts = texts.iter().map(|text| (*text).into()).collect();
    Schema::Object(SchemaObject { enum_values: Some(texts), ..text() })
}

/// Where a run came from.
pub(crate) fn source(_: &mut SchemaGenerator) -> Schema {
    one_of(&["simulation", "import", "push", "probe"])
}

/// What a ranking is by.
pub(crate) fn statistic(_: &mut SchemaGenerator) -> Schema {
    one_of(&["mean", "p50", "p90", "p95", "p99"])
}
