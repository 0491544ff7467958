use std::sync::{Arc, OnceLock};

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use benchmark_ports::Document;

use super::openapi_document;
use crate::asset::{Asset, CSS, HTML, JAVASCRIPT, gzipped};
use crate::document::digest;
use crate::headers::ContentPolicy;
use crate::representation::respond;
use crate::routing::Resource;
use crate::services::Services;

static SWAGGER_UI: Asset = Asset::own(HTML, gzipped!("swagger-ui.html"));
static SWAGGER_UI_START: Asset = Asset::own(JAVASCRIPT, gzipped!("swagger-ui-start.js"));
static SWAGGER_UI_STYLE: Asset = Asset::library(CSS, gzipped!("swagger-ui.css"));
static SWAGGER_UI_SCRIPT: Asset = Asset::library(JAVASCRIPT, gzipped!("swagger-ui-bundle.js"));
static REDOC: Asset = Asset::own(HTML, gzipped!("redoc.html"));
static REDOC_START: Asset = Asset::own(JAVASCRIPT, gzipped!("redoc-start.js"));
static REDOC_SCRIPT: Asset = Asset::library(JAVASCRIPT, gzipped!("redoc.js"));

/// The paths of the document and its pages.
pub(crate) fn resources() -> Vec<Resource> {
    vec![
        SWAGGER_UI.at("/docs").policy(ContentPolicy::Page),
        SWAGGER_UI_START.at("/docs/start.js"),
        SWAGGER_UI_STYLE.at("/docs/swagger-ui.css"),
        SWAGGER_UI_SCRIPT.at("/docs/swagger-ui-bundle.js"),
        REDOC.at("/redoc").policy(ContentPolicy::Redoc),
        REDOC_START.at("/redoc/start.js"),
        REDOC_SCRIPT.at("/redoc/redoc.js"),
        Resource::new("/openapi.json").page(openapi),
    ]
}

/// The OpenAPI document itself, made at the first request and kept.
async fn openapi(request: HttpRequest, services: Data<Services>) -> HttpResponse {
    static DOCUMENT: OnceLock<Arc<Document>> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| {
        let json = openapi_document().into_bytes();
        let etag = digest(&json);
        Arc::new(Document::new(json, etag, services.clock.now()))
    });
    respond(document, &request)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn only_redoc_may_have_styles_inline_and_nothing_may_have_scripts_so() {
        let app = TestApp::empty();
        for (path, inline_styles) in [("/docs", false), ("/redoc", true), ("/", false)] {
            let answer = app.call(TestRequest::with_uri(path)).await;
            let policy = answer.header("content-security-policy");
            assert_eq!(policy.contains("style-src 'self' 'unsafe-inline'"), inline_styles);
            assert_eq!(policy.matches("unsafe").count(), usize::from(inline_styles), "{policy}");
        }
    }

    #[actix_web::test]
    async fn the_document_is_served_as_it_is_printed() {
        let answer = TestApp::empty().call(TestRequest::with_uri("/openapi.json")).await;
        assert_eq!(answer.body, super::openapi_document());
    }
}
