//! The one middleware: what happens to every request, whatever its route.
//!
//! It gives the request an id, counts and times it, adds the headers that every
//! answer carries, asks the caller to disconnect while the server drains,
//! writes the access log (target `access`, level info) and the errors behind
//! answers of 500 and more. One layer instead of six, because each costs every
//! request a future and several moves of its answer.

use std::error::Error;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::ConnectionType;
use actix_web::http::header::HeaderValue;
use pin_project_lite::pin_project;

use crate::drain::Drain;
use crate::error::ApiError;
use crate::headers::{X_REQUEST_ID, secure};
use crate::metrics::HttpMetrics;
use crate::request_id::RequestIds;
use crate::routing::Route;

/// The middleware, one per worker.
#[derive(Debug, Clone)]
pub(crate) struct Observe(Rc<Worker>);

#[derive(Debug)]
struct Worker {
    ids: RequestIds,
    metrics: HttpMetrics,
    unmatched: Route,
    drain: Drain,
}

impl Observe {
    pub(crate) fn new(metrics: HttpMetrics, drain: Drain) -> Self {
        let unmatched = Route::unmatched(&metrics);
        Self(Rc::new(Worker { ids: RequestIds::new(), metrics, unmatched, drain }))
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
        Observation { answer: self.service.call(request), exchange: Some(exchange) }
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
        let mut answer = poll_ready!(this.answer.poll(context));
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
}

impl Exchange {
    fn begin(worker: &Rc<Worker>, request: &ServiceRequest) -> Self {
        worker.metrics.in_flight().inc();
        Self {
            worker: Rc::clone(worker),
            id: worker.ids.identify(request.headers()),
            started: Instant::now(),
        }
    }

    fn complete<B: MessageBody>(self, response: &mut ServiceResponse<B>) {
        let duration = self.started.elapsed();
        let request = response.request().clone();
        let route = request.app_data::<Route>().unwrap_or(&self.worker.unmatched);
        let status = response.status();
        route.metrics.answered(request.method(), status, duration.as_secs_f64());

        if status.is_server_error() {
            self.log_failure(response, route);
        }
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
            request_id = self.id.to_str().unwrap_or_default(),
            "answered"
        );

        let head = response.response_mut().head_mut();
        secure(&mut head.headers, route.policy);
        head.headers.insert(X_REQUEST_ID, self.id.clone());
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

impl Drop for Exchange {
    fn drop(&mut self) {
        self.worker.metrics.in_flight().dec();
    }
}
