//! Who may do what: the scope that an endpoint needs is an argument of its
//! handler.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use apistos::reference_or::ReferenceOr;
use apistos::security::{ApiKey, ApiKeyIn, SecurityScheme, SecurityType};
use apistos::{ApiComponent, IndexMap, Schema};
use benchmark_application::AuthenticateError;
use benchmark_ports::Scope;
use futures_util::future::LocalBoxFuture;

use crate::error::ApiError;
use crate::headers::X_API_KEY;
use crate::services::Services;

/// Proof that the caller's key has a scope.
#[derive(Debug)]
pub(crate) struct Key<S>(PhantomData<S>);

/// A scope as a type.
pub(crate) trait Needs: 'static {
    const SCOPE: Scope;
}

/// The caller may ask for rankings and the catalogue.
pub(crate) type ReadKey = Key<Reading>;
/// The caller may record runs.
pub(crate) type WriteKey = Key<Writing>;

#[derive(Debug)]
pub(crate) enum Reading {}
#[derive(Debug)]
pub(crate) enum Writing {}

impl Needs for Reading {
    const SCOPE: Scope = Scope::Read;
}

impl Needs for Writing {
    const SCOPE: Scope = Scope::Write;
}

impl<S: Needs> FromRequest for Key<S> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let services = request
                .app_data::<web::Data<Services>>()
                .ok_or_else(|| ApiError::internal("the application has no services"))?;
            let presented = request.headers().get(X_API_KEY).and_then(|key| key.to_str().ok());
            let presented = presented.ok_or_else(ApiError::unauthorized)?;
            let principal =
                services.authenticate.run(presented).await.map_err(|error| match error {
                    AuthenticateError::NotValid => ApiError::unauthorized(),
                    AuthenticateError::Store(error) => error.into(),
                })?;
            if principal.scopes.contains(S::SCOPE) {
                Ok(Self(PhantomData))
            } else {
                Err(ApiError::forbidden(S::SCOPE.as_str()))
            }
        })
    }
}

impl<S> ApiComponent for Key<S> {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        Vec::new()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn security_requirement_name() -> Option<String> {
        Some("ApiKey".to_owned())
    }

    fn securities() -> BTreeMap<String, SecurityScheme> {
        let scheme = SecurityScheme {
            _type: SecurityType::ApiKey(ApiKey {
                name: "X-API-Key".to_owned(),
                _in: ApiKeyIn::Header,
            }),
            description: Some("A key with the scope that the operation needs.".to_owned()),
            extensions: IndexMap::default(),
        };
        BTreeMap::from([("ApiKey".to_owned(), scheme)])
    }
}
