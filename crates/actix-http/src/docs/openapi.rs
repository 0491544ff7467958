use apistos::components::Components;
use apistos::info::{Info, License};
use apistos::paths::{Operation, PathItem, Paths};
use apistos::server::Server;
use apistos::tag::Tag;
use apistos::{IndexMap, OpenApi};

use super::{headers, keyed};
use crate::routes;

/// The OpenAPI 3.0 document of the service, as JSON for people to read.
///
/// Made from the routes themselves; no server is needed.
pub fn openapi_document() -> String {
    let mut paths: IndexMap<String, PathItem> = IndexMap::new();
    let mut components = Components::default();
    for resource in routes::resources() {
        for documented in resource.operations() {
            let mut operation = in_paragraphs((documented.operation)());
            keyed::describe(&mut operation);
            headers::describe(&mut operation);
            let item = paths.entry(resource.path().to_owned()).or_default();
            item.operations.insert(documented.method, operation);
            for part in (documented.components)() {
                components.schemas.extend(part.schemas);
                components.security_schemes.extend(part.security_schemes);
            }
        }
    }
    headers::add_to(&mut components);
    let document = OpenApi {
        info: Info {
            title: "Benchmark API".to_owned(),
            description: Some(
                "Which LLM, behind which endpoint, is fastest for a workload, and how sure that \
                 is. Every JSON answer is an envelope of `success`, `data` and `message`."
                    .to_owned(),
            ),
            license: Some(License { name: "MIT".to_owned(), ..License::default() }),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Info::default()
        },
        servers: vec![Server { url: "/".to_owned(), ..Server::default() }],
        paths: Paths { paths, ..Paths::default() },
        components: Some(components),
        tags: tags(),
        ..OpenApi::default()
    };
    serde_json::to_string_pretty(&document).expect("a document always encodes")
}

fn tags() -> Vec<Tag> {
    let tag = |(name, description): (&str, &str)| Tag {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        ..Tag::default()
    };
    [
        ("rankings", "Which LLM is how fast, and how sure that is."),
        ("catalogue", "What there is: LLMs, workloads, metrics."),
        ("runs", "The measurements behind the rankings."),
        ("keys", "Who may ask, and for what."),
        ("operations", "For those who run the service. No key is needed."),
    ]
    .map(tag)
    .into()
}

/// The macro joins the lines of a doc comment with hard line breaks. Paragraphs
/// are meant.
fn in_paragraphs(mut operation: Operation) -> Operation {
    operation.description = operation
        .description
        .map(|text| text.replace("\\\n\\\n", "\n\n").replace("\\\n", " ").trim().to_owned());
    operation
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn document() -> Value {
        serde_json::from_str(&openapi_document()).unwrap()
    }

    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn it_is_the_snapshot() {
        let snapshot: Value =
            serde_json::from_str(include_str!("../../../../tests/openapi.json")).unwrap();
        assert!(document() == snapshot, "if the change is meant: just openapi");
    }

    #[test]
    fn every_reference_resolves() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_example_succeeds_or_fails_as_its_status_does() {
        let mut seen = 0;
        for path in document()["paths"].as_object().unwrap().values() {
            for operation in path.as_object().unwrap().values() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let example = &response["content"]["application/json"]["example"];
                    let Some(success) = example["success"].as_bool() else { continue };
                    assert_eq!(success, status.starts_with('2'), "{operation}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn the_headers_that_callers_rely_on_stand_where_they_occur() {
        let document = document();
        let headers = |path: &str, method: &str, status: &str| {
            let headers = &document["paths"][path][method]["responses"][status]["headers"];
            headers.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        };
        let ranking = "/api/v1/benchmark/{metric}";
        assert_eq!(headers(ranking, "get", "304"), "Age Cache-Status ETag X-Request-Id");
        assert_eq!(headers("/api/v1/compare", "get", "304"), "ETag X-Request-Id");
        assert_eq!(
            headers("/api/v1/runs", "post", "201"),
            "Idempotent-Replayed RateLimit RateLimit-Policy X-Request-Id"
        );
        assert_eq!(headers("/api/v1/runs", "post", "503"), "Retry-After X-Request-Id");
        assert_eq!(headers("/metrics", "get", "200"), "X-Request-Id");
        let parameters = document["paths"][ranking]["get"]["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|it| it["name"] == "If-None-Match" && it["in"] == "header"));
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_summary_and_a_tag() {
        let document = document();
        let mut names = std::collections::BTreeSet::new();
        for operation in document["paths"].as_object().unwrap().values() {
            for operation in operation.as_object().unwrap().values() {
                assert!(names.insert(operation["operationId"].as_str().unwrap()), "{operation}");
                assert!(operation["summary"].is_string() && operation["tags"].is_array());
            }
        }
    }

    #[test]
    fn every_path_of_the_api_needs_a_key_and_no_other() {
        for (path, operations) in document()["paths"].as_object().unwrap() {
            for operation in operations.as_object().unwrap().values() {
                let needs_key = operation["security"] == serde_json::json!([{ "ApiKey": [] }]);
                assert_eq!(needs_key, path.starts_with("/api/"), "{path}");
            }
        }
    }

    #[test]
    fn what_needs_a_key_says_which_and_how_it_is_refused() {
        for operations in document()["paths"].as_object().unwrap().values() {
            for operation in operations.as_object().unwrap().values() {
                let Some(scope) = operation["x-required-scope"].as_str() else {
                    assert_eq!(operation["responses"]["429"], Value::Null, "{operation}");
                    continue;
                };
                assert!(operation["description"].as_str().unwrap().contains(scope));
                for status in ["401", "403", "429", "500", "503"] {
                    assert!(operation["responses"][status].is_object(), "{operation}");
                }
                let refusal = &operation["responses"]["429"]["headers"];
                for name in ["Retry-After", "RateLimit", "RateLimit-Policy"] {
                    assert!(refusal[name].is_object(), "{refusal}");
                }
            }
        }
    }
}
