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

use crate::documented::{responses, schemas_of, shown_as};
use crate::drain::Drain;
use crate::envelope::{self, Envelope};
use crate::error::RETRY_AFTER;
use crate::services::Services;
use crate::wire::Example;

/// Whether the service wants requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Yes.
    Ready,
    /// Yes, though something is down. Without its store the service still
    /// answers what it has answered before; turned away from by all load
    /// balancers at once, it would answer nothing.
    Degraded,
    /// No, it is about to stop.
    Draining,
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
        let any_down = dependencies.values().any(|state| *state == State::Down);
        let status = match (draining, any_down) {
            (true, _) => Status::Draining,
            (false, true) => Status::Degraded,
            (false, false) => Status::Ready,
        };
        Self { status, dependencies }
    }

    fn in_envelope(self) -> Envelope<'static, Self> {
        let message = match self.status {
            Status::Ready | Status::Degraded => None,
            Status::Draining => Some("The service stops"),
        };
        Envelope { success: message.is_none(), data: self, message }
    }
}

impl Responder for Readiness {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let envelope = self.in_envelope();
        let mut response = if envelope.success {
            HttpResponse::Ok()
        } else {
            let mut response = HttpResponse::ServiceUnavailable();
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
            response
        };
        response.content_type(envelope::JSON).body(envelope.encode(256))
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
        let ready = Self::example();
        let draining = Self { status: Status::Draining, ..Self::example() };
        Some(responses([
            ("200", "The service wants requests.", shown_as(&ready.in_envelope())),
            ("503", "It stops; see `Retry-After`.", shown_as(&draining.in_envelope())),
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
    async fn without_its_store_or_its_cache_it_is_degraded_and_says_so() {
        for dependency in ["store", "cache"] {
            let answer = ask(&without(dependency)).await;
            assert_eq!(answer.data()["status"], "degraded");
            assert_eq!(answer.data()["dependencies"][dependency], "down");
            assert!(!answer.envelope().to_string().contains("driver"));
        }
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
