use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_application::Health;
use schemars::JsonSchema;
use serde::Serialize;

use crate::documented::{in_envelope, responses, schemas_of};
use crate::drain::Drain;
use crate::envelope::{self, Envelope};
use crate::error::RETRY_AFTER;
use crate::services::Services;
use crate::wire::Example;

/// The one dependency without which nothing can be answered for long. Without
/// any other the service is slower, not gone.
const VITAL: &str = "store";

/// Whether the service wants requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Yes.
    Ready,
    /// No, it is about to stop.
    Draining,
    /// No, something that it cannot do without is down.
    Unavailable,
}

/// How a dependency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// Whether the service wants requests, and how what it depends on is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Readiness {
    status: Status,
    /// The state of each dependency, by name.
    dependencies: BTreeMap<String, State>,
}

impl Example for Readiness {
    fn example() -> Self {
        let up = |name: &str| (name.to_owned(), State::Up);
        Self { status: Status::Ready, dependencies: [up("store")].into() }
    }
}

impl Readiness {
    fn new(draining: bool, health: &[Health]) -> Self {
        let state = |health: &Health| if health.state.is_ok() { State::Up } else { State::Down };
        let dependencies: BTreeMap<_, _> =
            health.iter().map(|health| (health.name.to_owned(), state(health))).collect();
        let status = match dependencies.get(VITAL) {
            _ if draining => Status::Draining,
            Some(State::Down) => Status::Unavailable,
            Some(State::Up) | None => Status::Ready,
        };
        Self { status, dependencies }
    }
}

impl Responder for Readiness {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let (mut response, message) = match self.status {
            Status::Ready => (HttpResponse::Ok(), None),
            Status::Draining => (HttpResponse::ServiceUnavailable(), Some("The service stops")),
            Status::Unavailable => {
                (HttpResponse::ServiceUnavailable(), Some("The store does not answer"))
            }
        };
        if message.is_some() {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        let envelope = Envelope { success: message.is_none(), data: &self, message };
        response.content_type(envelope::JSON).body(envelope.encode())
    }
}

impl ApiComponent for Readiness {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<Self>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let content = in_envelope::<Self>;
        Some(responses([
            ("200", "The service wants requests.", content()),
            ("503", "It stops, or its store does not answer.", content()),
        ]))
    }
}

/// Whether the service wants requests, and how what it depends on is
#[api_operation(tag = "operations", operation_id = "getReadiness")]
pub(crate) async fn ready(drain: Data<Drain>, services: Data<Services>) -> Readiness {
    let health = services.check_health.run().await;
    for Health { name, state } in &health {
        if let Err(error) = state {
            tracing::warn!(dependency = name, error = error as &dyn std::error::Error, "down");
        }
    }
    Readiness::new(drain.has_begun(), &health)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::test::TestRequest;
    use benchmark_application::CheckHealth;
    use benchmark_port_contracts::async_trait;
    use benchmark_ports::{HealthCheck, StoreError};

    use crate::testing::{Answer, TestApp};

    struct Down(&'static str);

    #[async_trait]
    impl HealthCheck for Down {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn check(&self) -> Result<(), StoreError> {
            Err(StoreError::unavailable("the driver's own words"))
        }
    }

    fn without(dependency: &'static str) -> TestApp {
        TestApp::altered(|services| {
            services.check_health = CheckHealth::new(vec![Arc::new(Down(dependency))]);
        })
    }

    async fn ask(app: &TestApp) -> Answer {
        app.call(TestRequest::with_uri("/health/ready")).await
    }

    #[actix_web::test]
    async fn a_service_whose_store_answers_is_ready() {
        let readiness = ask(&TestApp::empty()).await.data();
        assert_eq!(readiness["status"], "ready");
        assert_eq!(readiness["dependencies"]["store"], "up");
    }

    #[actix_web::test]
    async fn without_its_store_it_is_not() {
        let app = without("store");
        let answer = ask(&app).await;
        let message = answer.refusal(503);
        assert!(!message.contains("driver"), "{message}");
        assert_eq!(answer.envelope()["data"]["dependencies"]["store"], "down");
        assert!(!answer.header("retry-after").is_empty());
    }

    #[actix_web::test]
    async fn without_its_cache_it_still_is() {
        let app = without("cache");
        assert_eq!(ask(&app).await.data()["dependencies"]["cache"], "down");
    }

    #[actix_web::test]
    async fn before_it_stops_it_is_not() {
        let app = TestApp::empty();
        app.shared.drain.begin();
        let answer = ask(&app).await;
        answer.refusal(503);
        assert_eq!(answer.envelope()["data"]["status"], "draining");
    }
}
