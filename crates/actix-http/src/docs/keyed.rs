//! What is said alike of every operation that needs a key.

use apistos::Schema;
use apistos::components::Components;
use apistos::paths::{Header, Operation, ParameterDefinition, Response};
use apistos::reference_or::ReferenceOr;
use schemars::schema::{InstanceType, SchemaObject};

use crate::auth::{SECURITY_SCHEME, scope_of};

/// The extension that names the scope of an operation. OpenAPI 3.0 has scopes
/// for OAuth 2 only.
pub(crate) const REQUIRED_SCOPE: &str = "x-required-scope";

/// The headers that tell of rate limits: name, meaning, example.
const HEADERS: [(&str, &str, &str); 2] = [
    (
        "RateLimit-Policy",
        "The rate limits that the request was held to, where there are any: how many requests \
         (`q`) in how many seconds (`w`), per `key`, per `address`, and without a valid key \
         (`failed_auth`).",
        "\"key\";q=100;w=60",
    ),
    (
        "RateLimit",
        "What remains of each of them: how many requests may follow at once (`r`), and in how \
         many seconds (`t`) the whole is there again.",
        "\"key\";r=99;t=1",
    ),
];

/// Says which scope an operation needs, and that its answers tell of rate
/// limits.
pub(super) fn describe(operation: &mut Operation) {
    let Some(scope) = take_scope(operation) else { return };
    let needs = format!("Needs a key with the scope `{scope}`.");
    operation.extensions.insert(REQUIRED_SCOPE.to_owned(), scope.into());
    operation.description = Some(match operation.description.take() {
        Some(text) if !text.is_empty() => format!("{text}\n\n{needs}"),
        _ => needs,
    });
    for (status, response) in &mut operation.responses.responses {
        let ReferenceOr::Object(response) = response else { continue };
        if status.starts_with('2') || status == "429" {
            tell_of_limits(response);
        }
        if status == "429" {
            let wait =
                header("After how many seconds to try again.", InstanceType::Integer, 1.into());
            response.headers.insert("Retry-After".to_owned(), wait);
        }
    }
}

/// The scope that stands in an operation's security requirement, which is left
/// without it.
fn take_scope(operation: &mut Operation) -> Option<String> {
    let requirement = operation.security.iter_mut().flatten().next()?;
    let scope = requirement.requirements.keys().find_map(|name| scope_of(name))?.to_owned();
    requirement.requirements = [(SECURITY_SCHEME.to_owned(), Vec::new())].into();
    Some(scope)
}

fn tell_of_limits(response: &mut Response) {
    for (name, ..) in HEADERS {
        let _ref = format!("#/components/headers/{name}");
        response.headers.insert(name.to_owned(), ReferenceOr::Reference { _ref });
    }
}

/// Adds what [`describe`] refers to.
pub(super) fn add_headers(components: &mut Components) {
    for (name, description, example) in HEADERS {
        let header = header(description, InstanceType::String, example.into());
        components.headers.insert(name.to_owned(), header);
    }
}

/// A header of an answer.
pub(crate) fn header(
    description: &str,
    kind: InstanceType,
    example: serde_json::Value,
) -> ReferenceOr<Header> {
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
