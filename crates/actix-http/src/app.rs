//! The actix application: every route behind the one middleware.

use actix_cors::Cors;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpRequest, HttpResponse};

use crate::body::BodyLimits;
use crate::drain::Drain;
use crate::error::ApiError;
use crate::headers::{X_API_KEY, X_REQUEST_ID};
use crate::metrics::HttpMetrics;
use crate::observe::Observe;
use crate::routes;
use crate::services::Services;

/// What the workers of a server share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) services: Data<Services>,
    pub(crate) metrics: HttpMetrics,
    pub(crate) limits: BodyLimits,
    pub(crate) drain: Drain,
}

impl Shared {
    pub(crate) fn new(services: Services, limits: BodyLimits) -> prometheus::Result<Self> {
        let metrics = HttpMetrics::register(&services.metrics)?;
        Ok(Self { services: Data::new(services), metrics, limits, drain: Drain::default() })
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

fn observe(shared: &Shared) -> Observe {
    Observe::new(shared.metrics.clone(), shared.drain.clone())
}

fn routes_of(app: &mut web::ServiceConfig, shared: &Shared) {
    app.app_data(Data::clone(&shared.services));
    app.app_data(Data::new(shared.drain.clone()));
    app.app_data(shared.limits);
    for resource in routes::resources() {
        resource.register(app, &shared.metrics);
    }
    app.default_service(web::to(no_such_path));
}

async fn no_such_path(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found(format!("There is nothing at {}", request.path())))
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST"])
        .allowed_headers([X_API_KEY, X_REQUEST_ID, header::CONTENT_TYPE, header::IF_NONE_MATCH])
        .expose_headers([header::ETAG, header::RETRY_AFTER, X_REQUEST_ID])
        .max_age(3600);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
