use std::collections::BTreeMap;

use actix_web::web::Data;
use apistos::api_operation;
use schemars::JsonSchema;
use serde::Serialize;

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
    fn new() -> Self {
        let links = [
            ("documentation", "/docs"),
            ("reference", "/redoc"),
            ("openapi", "/openapi.json"),
            ("rankings", "/api/v1/benchmark"),
            ("llms", "/api/v1/llms"),
            ("metrics", "/api/v1/metrics"),
            ("workloads", "/api/v1/workloads"),
            ("runs", "/api/v1/runs"),
            ("health", "/health/ready"),
            ("exposition", "/metrics"),
        ];
        Self {
            service: "benchmark-api".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            links: links.map(|(name, path)| (name.to_owned(), path.to_owned())).into(),
        }
    }
}

impl Example for Index {
    fn example() -> Self {
        Self::new()
    }
}

/// What this service is and where to go from here
#[api_operation(tag = "operations", operation_id = "getIndex")]
pub(crate) async fn index(services: Data<Services>) -> Shown<Index> {
    Shown::new(&Index::new(), &*services.clock)
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
}
