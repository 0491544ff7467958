//! How answers appear in the OpenAPI document.

use std::collections::BTreeMap;

use apistos::paths::{Examples, MediaType, Response, Responses};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, ApiErrorComponent, Schema};
use schemars::JsonSchema;
use schemars::r#gen::{SchemaGenerator, SchemaSettings};
use schemars::schema::{RootSchema, SchemaObject};
use serde::Serialize;
use serde_json::json;

use crate::envelope::Envelope;
use crate::error::ApiError;
use crate::representation::Shown;
use crate::wire::Example;

/// What an answer's data must be able to do to be documented.
pub(crate) trait Data: Serialize + JsonSchema + Example {}

impl<T: Serialize + JsonSchema + Example> Data for T {}

fn envelope_schema<T: JsonSchema>() -> RootSchema {
    let generator = SchemaSettings::openapi3().into_generator();
    generator.into_root_schema_for::<Envelope<'_, T>>()
}

/// A `T` in its envelope, with an example.
pub(crate) fn in_envelope<T: Data>() -> BTreeMap<String, MediaType> {
    shown_as(&Envelope { success: true, data: T::example(), message: None })
}

/// An envelope like this one.
pub(crate) fn shown_as<T: Data>(example: &Envelope<'_, T>) -> BTreeMap<String, MediaType> {
    let mut schema = envelope_schema::<T>().schema;
    schema.metadata = None;
    json_content(Schema::Object(schema).into(), json!(example))
}

/// The schemas that [`in_envelope`] refers to.
pub(crate) fn schemas_of<T: JsonSchema>() -> Vec<(String, ReferenceOr<Schema>)> {
    let definitions = envelope_schema::<T>().definitions;
    definitions.into_iter().map(|(name, schema)| (name, schema.into())).collect()
}

fn json_content(
    schema: ReferenceOr<Schema>,
    example: serde_json::Value,
) -> BTreeMap<String, MediaType> {
    let media = MediaType {
        schema: Some(schema),
        example: Some(Examples::Example(example)),
        ..MediaType::default()
    };
    BTreeMap::from([("application/json".to_owned(), media)])
}

/// Answers by status, each with a description and contents.
pub(crate) fn responses<const N: usize>(
    answers: [(&str, &str, BTreeMap<String, MediaType>); N],
) -> Responses {
    let answers = answers.map(|(status, description, content)| {
        let description = description.to_owned();
        let response = Response { description, content, ..Response::default() };
        (status.to_owned(), ReferenceOr::Object(response))
    });
    Responses { responses: BTreeMap::from(answers), ..Responses::default() }
}

impl<T: Data> ApiComponent for Shown<T> {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<T>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        Some(responses([
            ("200", "Done.", in_envelope::<T>()),
            ("304", "What `If-None-Match` names is still right.", BTreeMap::new()),
        ]))
    }
}

/// Why a request failed.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a schema; the answers are written by the envelope")]
struct Failure {
    /// Always false.
    success: bool,
    /// Always null.
    data: Null,
    /// What went wrong, for people.
    message: String,
}

struct Null;

impl JsonSchema for Null {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "Null".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let enum_values = Some(vec![serde_json::Value::Null]);
        let extensions = [("nullable".to_owned(), true.into())].into_iter().collect();
        Schema::Object(SchemaObject { enum_values, extensions, ..SchemaObject::default() })
    }
}

/// Every status that a request can fail with, its description and an example.
/// Which of them an operation answers is stated at its handler.
const FAILURES: [(&str, &str, &str); 12] = [
    (
        "400",
        "The request cannot be read.",
        "The body is not valid JSON: expected value at line 1 column 9",
    ),
    ("401", "There is no valid key.", "Could not validate API key"),
    ("403", "The key lacks a scope.", "This API key lacks the scope `write`"),
    ("404", "There is no such thing.", "there is no metric TTTF; there are E2E_LATENCY, TTFT"),
    ("408", "The body took too long.", "The body did not arrive within 10 seconds"),
    ("409", "Something else is there already.", "name: ENERGY stands for another metric"),
    (
        "413",
        "The body is too large.",
        "The body is larger than 5242880 bytes, the most that is accepted",
    ),
    (
        "415",
        "The body is of a type or coding that is not understood.",
        "Content-Type: application/json or application/x-ndjson is needed",
    ),
    (
        "422",
        "A field or parameter is not acceptable.",
        "limit: must be a whole number from 1 to 1000",
    ),
    (
        "429",
        "Too many requests; see `Retry-After`.",
        "Too many requests with this API key, please try again in 2 seconds",
    ),
    ("500", "The server failed.", "The server could not do this"),
    (
        "503",
        "This cannot be done just now: a dependency does not answer, or too much is asked at \
         once. See `Retry-After`.",
        "The service cannot do this just now, please try again",
    ),
];

impl ApiErrorComponent for ApiError {
    fn schemas_by_status_code() -> BTreeMap<String, (String, ReferenceOr<Schema>)> {
        let generator = SchemaSettings::openapi3().into_generator();
        let schema = Schema::Object(generator.into_root_schema_for::<Failure>().schema);
        let schema = ("Failure".to_owned(), ReferenceOr::Object(schema));
        FAILURES.map(|(status, ..)| (status.to_owned(), schema.clone())).into()
    }

    fn error_responses() -> Vec<(String, Response)> {
        let failure = |(status, description, message): (&str, &str, &str)| {
            let schema = ReferenceOr::Reference { _ref: "#/components/schemas/Failure".to_owned() };
            let example = Envelope { success: false, data: (), message: Some(message) };
            let response = Response {
                description: description.to_owned(),
                content: json_content(schema, json!(example)),
                ..Response::default()
            };
            (status.to_owned(), response)
        };
        FAILURES.map(failure).into()
    }
}
