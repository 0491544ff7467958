//! The headers of answers, and of requests that are answered by them.

use apistos::Schema;
use apistos::components::Components;
use apistos::paths::{Header, Operation, Parameter, ParameterDefinition, ParameterIn};
use apistos::reference_or::ReferenceOr;
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::Value;

use super::keyed::REQUIRED_SCOPE;

/// Which answers have a header.
#[derive(Clone, Copy)]
enum Where {
    Everywhere,
    /// What a caller may have already.
    Tagged,
    /// Rankings, which are served from caches.
    Cached,
    /// What is answered once under an idempotency key.
    Once,
    /// What counts as a request of a key.
    Limited,
    /// What may be tried again.
    Later,
}

/// What an operation is, as far as its headers tell.
struct Traits {
    is_tagged: bool,
    is_cached: bool,
    is_once: bool,
    is_limited: bool,
}

impl Traits {
    fn of(operation: &Operation) -> Self {
        let name = operation.operation_id.as_deref();
        Self {
            is_tagged: operation.responses.responses.contains_key("304"),
            is_cached: matches!(name, Some("getRanking" | "listRankings")),
            is_once: operation.parameters.iter().any(is_idempotency_key),
            is_limited: operation.extensions.contains_key(REQUIRED_SCOPE),
        }
    }

    /// Whether the answer of this status has the header.
    fn has(&self, header: Where, status: &str) -> bool {
        let is_done = status.starts_with('2');
        match header {
            Where::Everywhere => true,
            Where::Tagged => self.is_tagged && (is_done || status == "304"),
            Where::Cached => self.is_cached && (is_done || status == "304"),
            Where::Once => self.is_once && is_done,
            Where::Limited => self.is_limited && (is_done || status == "429"),
            Where::Later => matches!(status, "429" | "503"),
        }
    }
}

fn is_idempotency_key(parameter: &ReferenceOr<Parameter>) -> bool {
    matches!(parameter, ReferenceOr::Object(Parameter { name, .. }) if name == "Idempotency-Key")
}

/// Each header: its name, where it is, what it means, an example.
const HEADERS: [(&str, Where, &str, &str); 8] = [
    (
        "X-Request-Id",
        Where::Everywhere,
        "The request's own `X-Request-Id`, where it had one, else a new one: what the log calls \
         the request.",
        "4bf92f3577b34da600000007",
    ),
    ("ETag", Where::Tagged, "What tells this answer from others; strong.", "\"0e9a4c7e5d1f4b2f\""),
    (
        "Age",
        Where::Cached,
        "How many seconds old the answer is, where it is older than was promised: while a \
         newer one is being made, or the database is away.",
        "42",
    ),
    (
        "Cache-Status",
        Where::Cached,
        "That the answer is older than was promised, where it is.",
        "benchmark-api; hit; detail=stale",
    ),
    (
        "Idempotent-Replayed",
        Where::Once,
        "`true` where this is what was answered the first time under this `Idempotency-Key`.",
        "true",
    ),
    (
        "RateLimit-Policy",
        Where::Limited,
        "The rate limits that the request was held to, where there are any: how many requests \
         (`q`) in how many seconds (`w`), per `key`, per `address`, and without a valid key \
         (`failed_auth`).",
        "\"key\";q=100;w=60",
    ),
    (
        "RateLimit",
        Where::Limited,
        "What remains of each of them: how many requests may follow at once (`r`), and in how \
         many seconds (`t`) the whole is there again.",
        "\"key\";r=99;t=1",
    ),
    ("Retry-After", Where::Later, "After how many seconds to try again.", "1"),
];

/// Says which headers an operation's answers have, and how to be told of what has
/// changed alone. Whether it needs a key is known by then.
pub(super) fn describe(operation: &mut Operation) {
    let traits = Traits::of(operation);
    for (status, response) in &mut operation.responses.responses {
        let ReferenceOr::Object(response) = response else { continue };
        for (name, ..) in HEADERS.iter().filter(|(_, at, ..)| traits.has(*at, status)) {
            let _ref = format!("#/components/headers/{name}");
            response.headers.insert((*name).to_owned(), ReferenceOr::Reference { _ref });
        }
    }
    if traits.is_tagged {
        operation.parameters.push(ReferenceOr::Object(if_none_match()));
    }
}

fn if_none_match() -> Parameter {
    let schema = Schema::Object(SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        ..SchemaObject::default()
    });
    Parameter {
        name: "If-None-Match".to_owned(),
        description: Some(
            "The `ETag` of an answer that the caller has: as long as it is still right, it is \
             not sent again."
                .to_owned(),
        ),
        _in: ParameterIn::Header,
        required: Some(false),
        definition: Some(ParameterDefinition::Schema(Box::new(ReferenceOr::Object(schema)))),
        ..Parameter::default()
    }
}

/// Adds what [`describe`] refers to.
pub(super) fn add_to(components: &mut Components) {
    for (name, _, description, example) in HEADERS {
        let header = match example.parse::<u32>() {
            Ok(number) => header(description, InstanceType::Integer, number.into()),
            Err(_) => header(description, InstanceType::String, example.into()),
        };
        components.headers.insert(name.to_owned(), header);
    }
}

/// A header of an answer.
pub(crate) fn header(description: &str, kind: InstanceType, example: Value) -> ReferenceOr<Header> {
    let schema = Schema::Object(SchemaObject {
        instance_type: Some(kind.into()),
        extensions: [("example".to_owned(), example)].into(),
        ..SchemaObject::default()
    });
    ReferenceOr::Object(Header {
        description: Some(description.to_owned()),
        definition: Some(ParameterDefinition::Schema(Box::new(ReferenceOr::Object(schema)))),
        ..Header::default()
    })
}
