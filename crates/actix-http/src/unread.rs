//! Bodies that wait until it is known who sends them.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use apistos::paths::RequestBody;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};

use crate::auth::Key;
use crate::body::Bodies;
use crate::error::ApiError;

/// What a body is read as.
pub(crate) trait FromBody: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// Of bodies, and of what it is not.
    async fn read(headers: &HeaderMap, payload: Payload, bodies: &Bodies)
    -> Result<Self, ApiError>;
}

/// A body of which nothing has been read. Reading it takes a key: the arguments of
/// a handler are made all at once, and one that read by itself would collect,
/// decode and queue what anybody sends while his key is still being looked up.
pub(crate) struct Unread<B> {
    request: HttpRequest,
    payload: Payload,
    kind: PhantomData<B>,
}

impl<B: FromBody> Unread<B> {
    /// The body, of a request that was let in.
    ///
    /// # Errors
    /// As [`FromBody::read`].
    pub(crate) async fn read<S>(self, _: &Key<S>) -> Result<B, ApiError> {
        let Self { request, payload, kind: _ } = self;
        let bodies = request
            .app_data::<Bodies>()
            .ok_or_else(|| ApiError::internal("the application takes no bodies"))?;
        B::read(request.headers(), payload, bodies).await
    }
}

impl<B> FromRequest for Unread<B> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        ready(Ok(Self { request, payload, kind: PhantomData }))
    }
}

impl<B: ApiComponent> ApiComponent for Unread<B> {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        B::child_schemas()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        B::schema()
    }

    fn request_body() -> Option<RequestBody> {
        B::request_body()
    }
}
