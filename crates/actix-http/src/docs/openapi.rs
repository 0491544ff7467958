use apistos::components::Components;
use apistos::info::{Info, License};
use apistos::paths::{Operation, PathItem, Paths};
use apistos::server::Server;
use apistos::tag::Tag;
use apistos::{IndexMap, OpenApi};

use crate::routes;

/// The OpenAPI 3.0 document of the service, as JSON for people to read.
///
/// Made from the routes themselves; no server is needed.
pub fn openapi_document() -> String {
    let mut paths: IndexMap<String, PathItem> = IndexMap::new();
    let mut components = Components::default();
    for resource in routes::resources() {
        for documented in resource.operations() {
            let operation = in_paragraphs((documented.operation)());
            let item = paths.entry(resource.path().to_owned()).or_default();
            item.operations.insert(documented.method, operation);
            for part in (documented.components)() {
                components.schemas.extend(part.schemas);
                components.security_schemes.extend(part.security_schemes);
            }
        }
    }
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
