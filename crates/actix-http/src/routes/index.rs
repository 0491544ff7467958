use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use apistos::paths::{MediaType, Responses};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::Exposition;
use crate::documented::{in_envelope, responses, schemas_of};
use crate::leaderboard::PAGE;
use crate::negotiation::prefers;
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Example;

/// What this is and where to go from here.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Index {
    /// What answers.
    service: String,
    /// Its version.
    version: String,
    /// Paths by what is found there.
    links: BTreeMap<String, String>,
}

impl Index {
    fn new(exposition: Exposition) -> Self {
        let mut links = vec![
            ("documentation", "/docs"),
            ("reference", "/redoc"),
            ("openapi", "/openapi.json"),
            ("rankings", "/api/v1/benchmark"),
            ("llms", "/api/v1/llms"),
            ("metrics", "/api/v1/metrics"),
            ("workloads", "/api/v1/workloads"),
            ("runs", "/api/v1/runs"),
            ("health", "/health/ready"),
        ];
        if exposition == Exposition::Here {
            links.push(("exposition", "/metrics"));
        }
        let links = links.into_iter().map(|(name, path)| (name.to_owned(), path.to_owned()));
        Self {
            service: "benchmark-api".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            links: links.collect(),
        }
    }
}

impl Example for Index {
    fn example() -> Self {
        Self::new(Exposition::Here)
    }
}

/// An answer for whoever asks.
pub(crate) enum Welcome {
    Program(Shown<Index>),
    Browser,
}

impl Responder for Welcome {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding");
        match self {
            Self::Program(index) => index.respond(request, VARY),
            Self::Browser => match PAGE.answer(request) {
                Ok(mut page) => {
                    page.headers_mut().insert(header::VARY, VARY);
                    page
                }
                Err(error) => error.error_response(),
            },
        }
    }
}

impl ApiComponent for Welcome {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<Index>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let page = MediaType { schema: String::raw_schema(), ..MediaType::default() };
        let mut content = in_envelope::<Index>();
        content.insert("text/html".to_owned(), page);
        Some(responses([
            ("200", "Done.", content),
            ("304", "What `If-None-Match` names is still right.", BTreeMap::new()),
        ]))
    }
}

/// What this service is and where to go from here
///
/// For who prefers `text/html`, as browsers do, the leaderboard: a page that shows
/// the rankings to whoever has a key.
#[api_operation(tag = "operations", operation_id = "getIndex")]
pub(crate) async fn index(services: Data<Services>, request: HttpRequest) -> Welcome {
    if prefers(request.headers(), "text/html") {
        return Welcome::Browser;
    }
    let exposition = request.app_data().copied().unwrap_or(Exposition::Here);
    Welcome::Program(Shown::new(&Index::new(exposition), &*services.clock))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn every_link_leads_somewhere() {
        let app = TestApp::empty();
        let index = app.call(TestRequest::with_uri("/")).await.data();
        for path in index["links"].as_object().unwrap().values() {
            assert_eq!(app.get(path.as_str().unwrap()).await.status, 200, "{path}");
        }
    }

    #[actix_web::test]
    async fn a_browser_gets_the_page_and_everything_that_it_loads() {
        let app = TestApp::empty();
        let browser = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        let page = app.call(TestRequest::with_uri("/").insert_header(browser)).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("vary"), "Accept, Accept-Encoding");
        assert!(page.header("content-security-policy").contains("script-src 'self'"));
        let html = String::from_utf8(page.body.to_vec()).unwrap();
        let mut loaded = 0;
        for reference in html.split_whitespace().filter_map(|word| {
            let rest = word.strip_prefix("href=\"").or(word.strip_prefix("src=\""))?;
            rest.split('"').next().filter(|reference| !reference.starts_with("data:"))
        }) {
            let file = app.call(TestRequest::with_uri(&format!("/{reference}"))).await;
            assert_eq!(file.status, 200, "{reference}");
            loaded += 1;
        }
        assert_eq!(loaded, 4);

        let tag = ("If-None-Match", page.header("etag").to_owned());
        let again = TestRequest::with_uri("/").insert_header(browser).insert_header(tag.clone());
        assert_eq!(app.call(again).await.status, 304);
        // A program that has the page has not the index.
        let program = app.call(TestRequest::with_uri("/").insert_header(tag)).await;
        assert_eq!(program.header("content-type"), "application/json");
        assert_eq!(program.header("vary"), "Accept, Accept-Encoding");
    }
}
