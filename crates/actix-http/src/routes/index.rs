use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::web::Data;
use apistos::api_operation;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::Exposition;
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

/// What this service is and where to go from here
#[api_operation(tag = "operations", operation_id = "getIndex")]
pub(crate) async fn index(services: Data<Services>, request: HttpRequest) -> Shown<Index> {
    let exposition = request.app_data().copied().unwrap_or(Exposition::Here);
    Shown::new(&Index::new(exposition), &*services.clock)
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
