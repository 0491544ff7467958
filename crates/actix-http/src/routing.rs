//! How a path becomes part of the service: its methods, its label in metrics
//! and logs, its 405 answer and its page in the OpenAPI document, stated once.

use actix_web::guard::{self, GuardContext};
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, Handler, HttpResponse, Responder, web};
use apistos::PathItemDefinition;
use apistos::components::Components;
use apistos::paths::{Operation, OperationType};

use crate::error::ApiError;
use crate::headers::ContentPolicy;
use crate::metrics::{HttpMetrics, RouteMetrics};

/// What the middleware knows of the route that answered.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) metrics: RouteMetrics,
    pub(crate) policy: ContentPolicy,
}

impl Route {
    /// What all unknown paths count as, so that callers cannot invent labels.
    pub(crate) fn unmatched(metrics: &HttpMetrics) -> Self {
        Self { metrics: metrics.route("unmatched"), policy: ContentPolicy::Nothing }
    }
}

/// One path and what it answers to.
pub(crate) struct Resource {
    path: &'static str,
    policy: ContentPolicy,
    allowed: Vec<&'static str>,
    operations: Vec<Documented>,
    /// One for the path, before it one for each spelling of it.
    inner: Vec<actix_web::Resource>,
}

/// How to document one method of a path. Functions, because the document is
/// made once and a server's workers register their routes many times.
#[derive(Debug)]
pub(crate) struct Documented {
    pub(crate) method: OperationType,
    pub(crate) operation: fn() -> Operation,
    pub(crate) components: fn() -> Vec<Components>,
}

impl Resource {
    /// A path for programs. Segments in braces are parameters.
    pub(crate) fn new(path: &'static str) -> Self {
        Self {
            path,
            policy: ContentPolicy::Nothing,
            allowed: Vec::new(),
            operations: Vec::new(),
            inner: vec![web::resource(path)],
        }
    }

    /// Matches these paths as text before the path itself is tried. The router
    /// matches parameters by regular expression, which would cost the busiest
    /// answers a thirtieth.
    pub(crate) fn spelled(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        let spelled = paths.into_iter().map(web::resource);
        self.inner = spelled.chain(self.inner).collect();
        self
    }

    /// Lets a browser load more on behalf of this path's answers.
    pub(crate) fn policy(mut self, policy: ContentPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Answers GET, and HEAD without the body.
    pub(crate) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        F::Future: PathItemDefinition,
        Args: FromRequest + 'static,
    {
        self.page(handler).document::<F::Future>(OperationType::Get)
    }

    /// The same for what is not part of the API: it is not documented.
    pub(crate) fn page<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.allowed.extend(["GET", "HEAD"]);
        self.route(move || web::route().guard(guard::fn_guard(is_reading)).to(handler.clone()))
    }

    /// Answers POST.
    pub(crate) fn post<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        F::Future: PathItemDefinition,
        Args: FromRequest + 'static,
    {
        self.allowed.push("POST");
        self.route(move || web::post().to(handler.clone()))
            .document::<F::Future>(OperationType::Post)
    }

    /// Answers DELETE.
    pub(crate) fn delete<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        F::Future: PathItemDefinition,
        Args: FromRequest + 'static,
    {
        self.allowed.push("DELETE");
        self.route(move || web::delete().to(handler.clone()))
            .document::<F::Future>(OperationType::Delete)
    }

    fn route(mut self, route: impl Fn() -> actix_web::Route) -> Self {
        self.inner = self.inner.into_iter().map(|inner| inner.route(route())).collect();
        self
    }

    fn document<D: PathItemDefinition>(mut self, method: OperationType) -> Self {
        let (operation, components) = (D::operation, D::components);
        self.operations.push(Documented { method, operation, components });
        self
    }

    /// The path as the OpenAPI document writes it.
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// The methods that it answers to.
    #[cfg(test)]
    pub(crate) fn allowed(&self) -> &[&'static str] {
        &self.allowed
    }

    /// The documented methods.
    pub(crate) fn operations(&self) -> &[Documented] {
        &self.operations
    }

    /// Adds the path to an application.
    pub(crate) fn register(self, app: &mut web::ServiceConfig, metrics: &HttpMetrics) {
        let allowed = HeaderValue::from_str(&self.allowed.join(", "))
            .unwrap_or(const { HeaderValue::from_static("") });
        for inner in self.inner {
            let route = Route { metrics: metrics.route(self.path), policy: self.policy };
            let allowed = allowed.clone();
            let refuse = move || {
                let refusal = ApiError::method_not_allowed(allowed.clone());
                async move { Err::<HttpResponse, _>(refusal) }
            };
            app.service(inner.app_data(route).default_service(web::to(refuse)));
        }
    }
}

fn is_reading(request: &GuardContext<'_>) -> bool {
    matches!(request.head().method, Method::GET | Method::HEAD)
}
