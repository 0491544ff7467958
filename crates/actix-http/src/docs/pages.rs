use std::sync::{Arc, OnceLock};

use actix_web::HttpRequest;
use actix_web::web::Data;
use benchmark_ports::Document;

use super::asset::Asset;
use super::openapi_document;
use crate::document::hex_digest;
use crate::headers::ContentPolicy;
use crate::representation::Shown;
use crate::routing::Resource;
use crate::services::Services;

macro_rules! gzipped {
    ($file:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".gz"))
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

static SWAGGER_UI: Asset = Asset::own(HTML, gzipped!("swagger-ui.html"));
static SWAGGER_UI_START: Asset = Asset::own(SCRIPT, gzipped!("swagger-ui-start.js"));
static SWAGGER_UI_STYLE: Asset = Asset::library(CSS, gzipped!("swagger-ui.css"));
static SWAGGER_UI_SCRIPT: Asset = Asset::library(SCRIPT, gzipped!("swagger-ui-bundle.js"));
static REDOC: Asset = Asset::own(HTML, gzipped!("redoc.html"));
static REDOC_START: Asset = Asset::own(SCRIPT, gzipped!("redoc-start.js"));
static REDOC_SCRIPT: Asset = Asset::library(SCRIPT, gzipped!("redoc.js"));

/// The paths of the document and its pages.
pub(crate) fn resources() -> Vec<Resource> {
    vec![
        page("/docs", &SWAGGER_UI).policy(ContentPolicy::SwaggerUi),
        page("/docs/start.js", &SWAGGER_UI_START),
        page("/docs/swagger-ui.css", &SWAGGER_UI_STYLE),
        page("/docs/swagger-ui-bundle.js", &SWAGGER_UI_SCRIPT),
        page("/redoc", &REDOC).policy(ContentPolicy::Redoc),
        page("/redoc/start.js", &REDOC_START),
        page("/redoc/redoc.js", &REDOC_SCRIPT),
        Resource::new("/openapi.json").page(openapi),
    ]
}

fn page(path: &'static str, asset: &'static Asset) -> Resource {
    Resource::new(path).page(move |request: HttpRequest| async move { asset.answer(&request) })
}

/// The OpenAPI document itself, made at the first request and kept.
async fn openapi(services: Data<Services>) -> Shown<()> {
    static DOCUMENT: OnceLock<Arc<Document>> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| {
        let json = openapi_document().into_bytes();
        let etag = hex_digest(&json);
        Arc::new(Document::new(json, etag, services.clock.now()))
    });
    Shown::encoded(Arc::clone(document))
}
