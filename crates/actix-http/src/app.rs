//! The actix application: every route behind the one middleware.

use actix_cors::Cors;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpRequest, HttpResponse};

use crate::body::{Bodies, BodyLimits};
use crate::drain::Drain;
use crate::error::ApiError;
use crate::headers::{
    CACHE_STATUS, IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, RATE_LIMIT, RATE_LIMIT_POLICY, X_API_KEY,
    X_REQUEST_ID,
};
use crate::metrics::HttpMetrics;
use crate::observe::Observe;
use crate::routes;
use crate::routing::Resource;
use crate::services::Services;
use crate::trace_context::TRACEPARENT;

/// What the workers of a server share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) services: Data<Services>,
    pub(crate) metrics: HttpMetrics,
    pub(crate) bodies: Bodies,
    pub(crate) drain: Drain,
    pub(crate) exposition: Exposition,
}

/// Where Prometheus reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposition {
    /// Beside the API.
    Here,
    /// On a port of its own, and nowhere else.
    Apart,
}

impl Shared {
    pub(crate) fn new(services: Services, limits: BodyLimits) -> prometheus::Result<Self> {
        let metrics = HttpMetrics::register(&services.metrics)?;
        Ok(Self {
            services: Data::new(services),
            metrics,
            bodies: Bodies::new(limits),
            drain: Drain::default(),
            exposition: Exposition::Here,
        })
    }
}

/// An application that actix can serve.
pub(crate) trait Application<B>:
    ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<B>,
        Error = Error,
        InitError = (),
    >
{
}

impl<B, T> Application<B> for T where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        >
{
}

/// One worker's application.
pub(crate) fn application(shared: &Shared) -> App<impl Application<BoxBody> + use<>> {
    App::new().configure(|app| routes_of(app, shared)).wrap(observe(shared))
}

/// One worker's application for browsers of these origins too. Apart, because
/// the layer costs every request something.
pub(crate) fn application_with_cors(
    shared: &Shared,
    origins: &[String],
) -> App<impl Application<EitherBody<BoxBody>> + use<>> {
    App::new().configure(|app| routes_of(app, shared)).wrap(cors(origins)).wrap(observe(shared))
}

/// The application of a port that is for Prometheus alone.
pub(crate) fn exposition_alone(shared: &Shared) -> App<impl Application<BoxBody> + use<>> {
    let routes = |app: &mut web::ServiceConfig| {
        register(app, shared, |resource| resource.path() == routes::EXPOSITION);
    };
    App::new().configure(routes).wrap(observe(shared))
}

fn observe(shared: &Shared) -> Observe {
    let limited = shared.services.rate_limits.concern_everybody();
    Observe::new(shared.metrics.clone(), shared.drain.clone(), limited)
}

fn routes_of(app: &mut web::ServiceConfig, shared: &Shared) {
    let is_apart = shared.exposition == Exposition::Apart;
    register(app, shared, |resource| !is_apart || resource.path() != routes::EXPOSITION);
}

fn register(app: &mut web::ServiceConfig, shared: &Shared, is_here: impl Fn(&Resource) -> bool) {
    app.app_data(Data::clone(&shared.services));
    app.app_data(Data::new(shared.drain.clone()));
    app.app_data(shared.bodies.clone());
    app.app_data(shared.metrics.clone());
    app.app_data(shared.exposition);
    for resource in routes::resources().into_iter().filter(is_here) {
        resource.register(app, &shared.metrics);
    }
    app.default_service(web::to(no_such_path));
}

async fn no_such_path(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found(format!("There is nothing at {}", request.path())))
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "DELETE"])
        .allowed_headers([X_API_KEY, X_REQUEST_ID, IDEMPOTENCY_KEY])
        .allowed_headers([header::CONTENT_TYPE, header::CONTENT_ENCODING])
        .allowed_headers([header::IF_NONE_MATCH, TRACEPARENT])
        .expose_headers([header::ETAG, header::RETRY_AFTER, X_REQUEST_ID, IDEMPOTENT_REPLAYED])
        .expose_headers([RATE_LIMIT_POLICY, RATE_LIMIT, header::AGE, CACHE_STATUS, header::LINK])
        .expose_headers([header::CONTENT_DISPOSITION])
        .max_age(3600);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

#[cfg(test)]
mod tests {
    use actix_web::dev::Service;
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, init_service};

    use super::*;
    use crate::testing::{TestApp, get};

    #[actix_web::test]
    async fn an_unknown_path_is_a_404_in_the_envelope() {
        let app = TestApp::empty();
        for path in ["/nothing", "/api/v1/benchmark/", "/api/v1/benchmark/TTFT/x", "/docs/", "//"] {
            app.get(path).await.refusal(404);
        }
    }

    #[actix_web::test]
    async fn a_wrong_method_is_told_the_right_ones() {
        let app = TestApp::empty();
        for (path, allowed) in [
            ("/api/v1/runs", "GET, HEAD, POST"),
            ("/api/v1/metrics", "GET, HEAD, POST"),
            ("/api/v1/benchmark/TTFT", "GET, HEAD"),
            ("/api/v1/benchmark/other", "GET, HEAD"),
            ("/docs", "GET, HEAD"),
        ] {
            for method in [Method::DELETE, Method::OPTIONS, Method::TRACE] {
                let answer = app.call(get(path).method(method)).await;
                assert!(answer.refusal(405).contains(allowed));
                assert_eq!(answer.header("allow"), allowed);
            }
        }
    }

    #[actix_web::test]
    async fn exposed_apart_the_metrics_are_nowhere_else_and_nothing_else_is_there() {
        let mut shared = TestApp::empty().shared;
        shared.exposition = Exposition::Apart;
        let api = init_service(application(&shared)).await;
        let alone = init_service(exposition_alone(&shared)).await;
        for (path, here, there) in [("/metrics", 404, 200), ("/health/live", 200, 404)] {
            let answer = api.call(get(path).to_request()).await.unwrap();
            assert_eq!(answer.status(), here, "{path}");
            let answer = alone.call(get(path).to_request()).await.unwrap();
            assert_eq!(answer.status(), there, "{path}");
        }
        let index = api.call(get("/").to_request()).await.unwrap();
        let links = actix_web::test::read_body(index).await;
        assert!(!String::from_utf8_lossy(&links).contains("exposition"), "{links:?}");
    }

    #[actix_web::test]
    async fn head_is_answered_like_get() {
        let answer = TestApp::empty().call(get("/api/v1/metrics").method(Method::HEAD)).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.header("etag").is_empty());
    }

    async fn from(origin: &'static str, request: TestRequest) -> HttpResponse {
        let app = TestApp::empty();
        let origins = ["https://board.example".to_owned()];
        let service = init_service(application_with_cors(&app.shared, &origins)).await;
        let request = request.insert_header(("Origin", origin)).to_request();
        service.call(request).await.unwrap().map_into_boxed_body().into_parts().1
    }

    fn allowed_origin(response: &HttpResponse) -> Option<&str> {
        let origin = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        origin.map(|origin| origin.to_str().unwrap())
    }

    #[actix_web::test]
    async fn a_configured_origin_is_let_in_and_another_is_not() {
        let one = from("https://board.example", get("/api/v1/metrics")).await;
        assert_eq!(allowed_origin(&one), Some("https://board.example"));
        assert!(one.headers().contains_key(X_REQUEST_ID));
        let other = from("https://other.example", get("/api/v1/metrics")).await;
        assert_eq!(allowed_origin(&other), None);
    }

    #[actix_web::test]
    async fn a_browser_may_ask_whether_it_may_send_a_key() {
        for (method, headers) in [
            ("GET", "x-api-key, if-none-match"),
            ("POST", "x-api-key, content-type, content-encoding, idempotency-key"),
            ("GET", "x-api-key, traceparent"),
            ("DELETE", "x-api-key, x-request-id"),
        ] {
            let ask = TestRequest::with_uri("/api/v1/keys")
                .method(Method::OPTIONS)
                .insert_header(("Access-Control-Request-Method", method))
                .insert_header(("Access-Control-Request-Headers", headers));
            let answer = from("https://board.example", ask).await;
            assert!(answer.status().is_success(), "{method}");
            assert_eq!(allowed_origin(&answer), Some("https://board.example"));
        }
    }

    #[actix_web::test]
    async fn a_page_may_read_what_it_needs_to_behave() {
        let answer = from("https://board.example", get("/api/v1/metrics")).await;
        let exposed = answer.headers().get(header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap();
        let exposed = exposed.to_str().unwrap().to_lowercase();
        for name in
            ["content-disposition", "etag", "link", "ratelimit", "ratelimit-policy", "retry-after"]
        {
            assert!(exposed.split(',').any(|it| it.trim() == name), "{name}: {exposed}");
        }
    }
}
