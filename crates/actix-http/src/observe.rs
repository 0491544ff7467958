//! The one middleware: what happens to every request, whatever its route.
//!
//! It gives the request an id and a span, counts and times it, adds the headers
//! that every answer carries, asks the caller to disconnect while the server
//! drains, writes the access log (target `access`, level info) and the errors
//! behind answers of 500 and more. One layer instead of six, because each costs every
//! request a future and several moves of its answer.

use std::error::Error;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::HeaderValue;
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use benchmark_application::Principal;
use pin_project_lite::pin_project;
use tracing::{Span, field};

use crate::drain::Drain;
use crate::error::ApiError;
use crate::headers::{X_REQUEST_ID, secure};
use crate::metrics::HttpMetrics;
use crate::rate_limits::Told;
use crate::request_id::RequestIds;
use crate::routing::Route;
use crate::services::Services;
use crate::span;
use crate::trace_context::TraceContext;

/// The middleware, one per worker.
#[derive(Debug, Clone)]
pub(crate) struct Observe(Rc<Worker>);

#[derive(Debug)]
struct Worker {
    ids: RequestIds,
    metrics: HttpMetrics,
    unmatched: Route,
    drain: Drain,
    /// Whether answers to valid keys too tell of rate limits.
    limited: bool,
}

impl Observe {
    pub(crate) fn new(metrics: HttpMetrics, drain: Drain, limited: bool) -> Self {
        let unmatched = Route::unmatched(&metrics);
        Self(Rc::new(Worker { ids: RequestIds::new(), metrics, unmatched, drain, limited }))
    }
}

impl<S, B> Transform<S, ServiceRequest> for Observe
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = S::Error;
    type Transform = Observed<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Observed { service, worker: Rc::clone(&self.0) }))
    }
}

/// A service under observation.
#[derive(Debug)]
pub(crate) struct Observed<S> {
    service: S,
    worker: Rc<Worker>,
}

impl<S, B> Service<ServiceRequest> for Observed<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<B>;
    type Error = S::Error;
    type Future = Observation<S::Future>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let exchange = Exchange::begin(&self.worker, &request);
        let answer = exchange.span.in_scope(|| self.service.call(request));
        Observation { answer, exchange: Some(exchange) }
    }
}

pin_project! {
    /// An answer in the making.
    pub(crate) struct Observation<F> {
        #[pin]
        answer: F,
        exchange: Option<Exchange>,
    }
}

impl<F, B, E> Future for Observation<F>
where
    F: Future<Output = Result<ServiceResponse<B>, E>>,
    B: MessageBody,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = match this.exchange {
            Some(exchange) => exchange.span.in_scope(|| this.answer.poll(context)),
            None => this.answer.poll(context),
        };
        let mut answer = poll_ready!(polled);
        if let (Some(exchange), Ok(response)) = (this.exchange.take(), &mut answer) {
            exchange.complete(response);
        }
        Poll::Ready(answer)
    }
}

/// One request and its answer. Dropped early where the caller goes away.
struct Exchange {
    worker: Rc<Worker>,
    id: HeaderValue,
    started: Instant,
    span: Span,
}

impl Exchange {
    fn begin(worker: &Rc<Worker>, request: &ServiceRequest) -> Self {
        worker.metrics.in_flight().inc();
        Self {
            worker: Rc::clone(worker),
            id: worker.ids.identify(request.headers()),
            started: Instant::now(),
            span: span::begin(request),
        }
    }

    fn complete<B: MessageBody>(mut self, response: &mut ServiceResponse<B>) {
        let duration = self.started.elapsed();
        let status = response.status();
        let request = response.request();
        let route = request.app_data::<Route>().unwrap_or(&self.worker.unmatched);
        route.metrics.answered(request.method(), status, duration.as_secs_f64());
        span::answered(&self.span, request.method(), &route.metrics, status);
        if status.is_server_error() {
            self.log_failure(response, route);
        }
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
        tracing::info!(
            target: "access",
            method = request.method().as_str(),
            route = route.metrics.label(),
            path = request.uri().path(),
            status = status.as_u16(),
            duration_us = duration.as_micros() as u64,
            bytes = match response.response().body().size() {
                BodySize::Sized(bytes) => bytes,
                BodySize::None | BodySize::Stream => 0,
            },
            client = refused.then(|| client(request)).flatten().map(field::display),
            key = request.extensions().get::<Principal>().copied().map(field::display),
            request_id = self.id.to_str().unwrap_or_default(),
            trace_id = TraceContext::of(request.headers()).map(|context| context.trace_id),
            "answered"
        );

        let policy = route.policy;
        let told = (self.worker.limited || refused).then(|| Told::of(response.request())).flatten();
        let id = std::mem::replace(&mut self.id, const { HeaderValue::from_static("") });
        let head = response.response_mut().head_mut();
        secure(&mut head.headers, policy, status);
        head.headers.append(X_REQUEST_ID, id);
        if let Some(told) = told {
            told.tell(&mut head.headers);
        }
        if self.worker.drain.has_begun() {
            head.set_connection_type(ConnectionType::Close);
        }
    }

    /// The one place where a failed request's causes are written down.
    fn log_failure<B>(&self, response: &ServiceResponse<B>, route: &Route) {
        let Some(error) = response.response().error() else { return };
        let mut causes = Vec::new();
        let mut cause = error.as_error::<ApiError>().and_then(Error::source);
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        tracing::error!(
            route = route.metrics.label(),
            status = response.status().as_u16(),
            request_id = self.id.to_str().unwrap_or_default(),
            causes = causes.join(": "),
            "request failed"
        );
    }
}

/// Where somebody who was refused asks from: who uses a key is known by it.
fn client(request: &HttpRequest) -> Option<IpAddr> {
    let services = request.app_data::<Data<Services>>()?;
    Some(services.rate_limits.trusted_proxies.client(request))
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.worker.metrics.in_flight().dec();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use actix_web::test::TestRequest;
    use tracing_subscriber::fmt::MakeWriter;

    use crate::testing::{TestApp, get};

    /// A log to read.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Log {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[actix_web::test]
    async fn an_access_is_logged_by_route_and_id_and_without_its_query() {
        let log = Log::default();
        // For the whole process: who logs first on another thread would
        // otherwise decide that nobody listens.
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone());
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
        let path = "/api/v1/benchmark/TTFT?provider=hidden";
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let request = TestRequest::with_uri(path)
            .peer_addr(([127, 0, 0, 1], 1000).into())
            .insert_header(("X-Request-Id", "logged-one"))
            .insert_header(("Traceparent", trace));
        let app = TestApp::empty();
        app.call(request).await.refusal(401);
        app.call(get(path).insert_header(("X-Request-Id", "logged-two"))).await;

        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let line = text.lines().find(|line| line.contains("logged-one")).unwrap();
        for part in [
            "INFO access: answered",
            "method=\"GET\"",
            "route=\"/api/v1/benchmark/{metric}\"",
            "path=\"/api/v1/benchmark/TTFT\"",
            "status=401",
            "client=127.0.0.1",
            "request_id=\"logged-one\"",
            "trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains("hidden") && !line.contains("key="), "{line}");
        let line = text.lines().find(|line| line.contains("logged-two")).unwrap();
        assert!(line.contains("key=bootstrap") && !line.contains("trace_id"), "{line}");
    }

    #[actix_web::test]
    async fn every_answer_has_an_id_and_the_security_headers() {
        let app = TestApp::empty();
        for path in ["/", "/nothing", "/api/v1/llms", "/docs", "/redoc", "/openapi.json"] {
            let answer = app.call(TestRequest::with_uri(path)).await;
            assert!(!answer.header("x-request-id").is_empty(), "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        }
    }

    #[actix_web::test]
    async fn pages_have_the_older_security_headers_too() {
        for path in ["/docs", "/redoc"] {
            let answer = TestApp::empty().call(TestRequest::with_uri(path)).await;
            assert_eq!(answer.header("x-frame-options"), "DENY");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
        }
    }

    #[actix_web::test]
    async fn a_callers_id_comes_back() {
        let request = TestRequest::with_uri("/").insert_header(("X-Request-Id", "trace-7"));
        assert_eq!(TestApp::empty().call(request).await.header("x-request-id"), "trace-7");
    }

    #[actix_web::test]
    async fn nothing_is_in_flight_when_everything_is_answered() {
        let app = TestApp::empty();
        app.get("/").await;
        app.get("/nothing").await;
        assert_eq!(app.shared.metrics.in_flight().get(), 0);
    }
}
