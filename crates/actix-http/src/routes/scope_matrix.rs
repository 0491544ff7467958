//! Every route under every key. The routes are those that are registered, their
//! scopes those that are documented: a new route is held to this too.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use benchmark_domain::metrics;
use benchmark_port_contracts::fixtures::at;
use benchmark_ports::{Scope, Scopes};
use serde_json::{Value, json};

use super::resources;
use super::runs::upload;
use crate::docs::keyed::REQUIRED_SCOPE;
use crate::docs::openapi_document;
use crate::testing::{Answer, TestApp};
use crate::wire::{Example, NewApiKey, NewMetric, NewRun};

/// What anybody may ask.
const OPEN: [&str; 14] = [
    "/",
    "/docs",
    "/docs/start.js",
    "/docs/swagger-ui-bundle.js",
    "/docs/swagger-ui.css",
    "/health/live",
    "/health/ready",
    "/leaderboard.css",
    "/leaderboard.js",
    "/metrics",
    "/openapi.json",
    "/redoc",
    "/redoc/redoc.js",
    "/redoc/start.js",
];

/// A method of a path, and the scope that its documentation asks for.
struct Operation {
    method: Method,
    path: &'static str,
    scope: Option<Scope>,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let mut operations = Vec::new();
    for resource in resources() {
        let path = resource.path();
        for method in resource.allowed() {
            // HEAD is documented as GET.
            let documented = if *method == "HEAD" { "GET" } else { method };
            let operation = &document["paths"][path][documented.to_lowercase()];
            let scope = operation[REQUIRED_SCOPE]
                .as_str()
                .map(|name| Scope::ALL.into_iter().find(|scope| scope.as_str() == name).unwrap());
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            operations.push(Operation { method, path, scope });
        }
    }
    operations
}

impl Operation {
    /// The answer to a request that nothing is wrong with but perhaps its key.
    async fn ask(&self, app: &TestApp, key: Option<&str>) -> Answer {
        let id = "6d1f0e0c-4f0e-8c5a-9a53-0b7c0f6f2f10";
        let metric = metrics::TTFT;
        let mut path = self.path.replace("{metric}", metric.as_str()).replace("{id}", id);
        if self.path == "/api/v1/compare" {
            path.push_str("?llms=a,b");
        }
        let mut request = TestRequest::with_uri(&path).method(self.method.clone());
        if self.method == Method::POST {
            request = request.set_json(match self.path {
                "/api/v1/keys" => json!(NewApiKey::example()),
                "/api/v1/metrics" => json!(NewMetric::example()),
                "/api/v1/runs/import" => upload::example(),
                _ => json!(NewRun::example()),
            });
        }
        if let Some(key) = key {
            request = request.insert_header(("X-API-Key", key));
        }
        app.call(request).await
    }
}

#[actix_web::test]
async fn only_the_routes_that_are_listed_as_open_are() {
    let mut open: Vec<_> =
        operations().iter().filter(|it| it.scope.is_none()).map(|it| it.path).collect();
    open.sort_unstable();
    open.dedup();
    assert_eq!(open, OPEN);
    for path in open {
        assert!(!path.starts_with("/api/"), "{path}");
    }
}

#[actix_web::test]
async fn an_open_route_asks_nobody_for_a_key() {
    let app = TestApp::empty();
    for operation in operations().iter().filter(|operation| operation.scope.is_none()) {
        for key in [None, Some("wrong")] {
            let status = operation.ask(&app, key).await.status;
            assert_eq!(status, 200, "{} {}", operation.method, operation.path);
        }
    }
}

#[actix_web::test]
async fn without_a_valid_key_every_other_route_is_a_401() {
    let app = TestApp::empty();
    let all = |key: &mut benchmark_ports::ApiKey| key.scopes = Scopes::all();
    let keys = [
        ("no", None),
        ("a wrong", Some("wrong-key-wrong-key".to_owned())),
        ("an unknown", Some(TestApp::empty().stored(all).await)),
        (
            "an expired",
            Some(
                app.stored(|key| (key.scopes, key.expires_at) = (Scopes::all(), Some(at(0)))).await,
            ),
        ),
        (
            "a revoked",
            Some(
                app.stored(|key| (key.scopes, key.revoked_at) = (Scopes::all(), Some(at(0)))).await,
            ),
        ),
    ];
    for operation in operations().iter().filter(|operation| operation.scope.is_some()) {
        for (what, key) in &keys {
            let answer = operation.ask(&app, key.as_deref()).await;
            let Operation { method, path, .. } = operation;
            assert_eq!(answer.status, 401, "{what} key for {method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_valid_key_opens_the_routes_of_its_scopes_and_no_other() {
    let app = TestApp::empty();
    let all_scopes: Vec<_> = Scope::ALL.into();
    let mut key_scopes: Vec<Vec<Scope>> = Scope::ALL.into_iter().map(|scope| vec![scope]).collect();
    key_scopes.push(all_scopes);
    for scopes in key_scopes {
        let key = app.key(scopes.iter().copied().collect()).await;
        for operation in operations() {
            let Operation { method, path, scope } = &operation;
            let Some(needed) = scope else { continue };
            let status = operation.ask(&app, Some(&key)).await.status;
            // What an id of nothing is answered with is the route's own affair.
            let expected: &[u16] = if scopes.contains(needed) { &[200, 201, 404] } else { &[403] };
            assert!(
                expected.contains(&status.as_u16()),
                "{scopes:?} for {method} {path}: {status}"
            );
        }
    }
}
