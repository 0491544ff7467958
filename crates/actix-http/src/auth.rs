//! Who may do what: the scope that an endpoint needs is an argument of its
//! handler.

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use apistos::reference_or::ReferenceOr;
use apistos::security::{ApiKey, ApiKeyIn, SecurityScheme, SecurityType};
use apistos::{ApiComponent, IndexMap, Schema};
use benchmark_application::{AuthenticateError, Principal};
use benchmark_ports::Scope;
use futures_util::future::{Either, LocalBoxFuture};

use crate::error::ApiError;
use crate::headers::X_API_KEY;
use crate::rate_limits::Meter;
use crate::services::Services;

/// Proof that the caller's key has a scope, and whose key it is.
#[derive(Debug)]
pub(crate) struct Key<S> {
    principal: Principal,
    scope: PhantomData<S>,
}

/// A scope as a type.
pub(crate) trait ScopeType: 'static {
    const SCOPE: Scope;
}

/// The caller may ask for rankings and the catalogue.
pub(crate) type ReadKey = Key<Reading>;
/// The caller may record runs.
pub(crate) type WriteKey = Key<Writing>;
/// The caller may manage keys.
pub(crate) type AdminKey = Key<Administering>;

#[derive(Debug)]
pub(crate) enum Reading {}
#[derive(Debug)]
pub(crate) enum Writing {}
#[derive(Debug)]
pub(crate) enum Administering {}

impl ScopeType for Reading {
    const SCOPE: Scope = Scope::Read;
}

impl ScopeType for Writing {
    const SCOPE: Scope = Scope::Write;
}

impl ScopeType for Administering {
    const SCOPE: Scope = Scope::Admin;
}

impl<S: ScopeType> Key<S> {
    /// Who is asking.
    pub(crate) fn principal(&self) -> Principal {
        self.principal
    }

    fn of(principal: Principal) -> Result<Self, ApiError> {
        if principal.scopes.contains(S::SCOPE) {
            Ok(Self { principal, scope: PhantomData })
        } else {
            Err(ApiError::forbidden(S::SCOPE.as_str()))
        }
    }

    /// The key, where it is known at once who presents it, and nothing is to be
    /// counted.
    fn peek(request: &HttpRequest) -> Option<Result<Self, ApiError>> {
        let services = request.app_data::<Data<Services>>()?;
        if services.rate_limits.concern_everybody() {
            return None;
        }
        let principal = services.authenticate.peek(presented(request)?)?;
        identify(request, principal);
        Some(Self::of(principal))
    }

    async fn check(request: &HttpRequest) -> Result<Self, ApiError> {
        let services = request
            .app_data::<Data<Services>>()
            .ok_or_else(|| ApiError::internal("the application has no services"))?;
        let mut meter = Meter::new(request, &services.rate_limits);
        let admitted = Self::admit(request, services, &mut meter).await;
        meter.leave();
        admitted
    }

    /// Counts against the address before it looks a key up, so that whoever
    /// floods the service from one place does not reach the store, where
    /// addresses are limited.
    async fn admit(
        request: &HttpRequest,
        services: &Services,
        meter: &mut Meter<'_>,
    ) -> Result<Self, ApiError> {
        meter.address().await?;
        let principal = match presented(request) {
            Some(key) => services.authenticate.run(key).await,
            None => Err(AuthenticateError::NotValid),
        };
        match principal {
            Ok(principal) => {
                identify(request, principal);
                meter.key(principal).await?;
                Self::of(principal)
            }
            Err(AuthenticateError::NotValid) => {
                meter.failed_authentication().await?;
                Err(ApiError::unauthorized())
            }
            Err(AuthenticateError::Store(error)) => Err(error.into()),
        }
    }
}

/// Leaves with the request who makes it, where there is a log to say it.
fn identify(request: &HttpRequest, principal: Principal) {
    if tracing::enabled!(target: "access", tracing::Level::INFO) {
        request.extensions_mut().insert(principal);
    }
}

fn presented(request: &HttpRequest) -> Option<&str> {
    request.headers().get(X_API_KEY).and_then(|key| key.to_str().ok())
}

impl<S: ScopeType> FromRequest for Key<S> {
    type Error = ApiError;
    type Future =
        Either<Ready<Result<Self, ApiError>>, LocalBoxFuture<'static, Result<Self, ApiError>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match Self::peek(request) {
            Some(key) => Either::Left(ready(key)),
            None => {
                let request = request.clone();
                Either::Right(Box::pin(async move { Self::check(&request).await }))
            }
        }
    }
}

/// What the OpenAPI document calls the way in which keys are presented.
pub(crate) const SECURITY_SCHEME: &str = "ApiKey";

/// The scope in a security requirement's name, where a [`Key`] put it because
/// the document has no other place for it.
pub(crate) fn scope_of(requirement: &str) -> Option<&str> {
    requirement.strip_prefix(SECURITY_SCHEME)?.strip_prefix(' ')
}

impl<S: ScopeType> ApiComponent for Key<S> {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        Vec::new()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn security_requirement_name() -> Option<String> {
        Some(format!("{SECURITY_SCHEME} {}", S::SCOPE.as_str()))
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
        BTreeMap::from([(SECURITY_SCHEME.to_owned(), scheme)])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use benchmark_application::Authenticate;
    use benchmark_port_contracts::async_trait;
    use benchmark_ports::{
        ApiKey, ApiKeyId, ApiKeyStore, KeyHash, PageLimit, Scope, StoreError, Timestamp,
    };

    use crate::testing::TestApp;

    const PATH: &str = "/api/v1/llms";

    #[actix_web::test]
    async fn without_a_key_with_a_wrong_one_or_with_nonsense_the_answer_is_the_same() {
        let app = TestApp::empty();
        let unreadable = HeaderValue::from_bytes(b"\xff").unwrap();
        for key in [None, Some(HeaderValue::from_static("wrong")), Some(unreadable)] {
            let mut request = TestRequest::with_uri(PATH);
            if let Some(key) = key {
                request = request.insert_header(("X-API-Key", key));
            }
            let answer = app.call(request).await;
            assert_eq!(answer.refusal(401), "Could not validate API key");
            assert_eq!(answer.header("www-authenticate"), "ApiKey");
        }
    }

    #[actix_web::test]
    async fn a_stored_key_opens_what_its_scopes_say() {
        let app = TestApp::empty();
        let key = app.key([Scope::Write].into_iter().collect()).await;
        let answer = app.call(TestRequest::with_uri(PATH).insert_header(("X-API-Key", key))).await;
        assert_eq!(answer.refusal(403), "This API key lacks the scope `read`");
    }

    struct Silent;

    impl Silent {
        async fn fail<T>(&self) -> Result<T, StoreError> {
            tokio::task::yield_now().await;
            Err(StoreError::unavailable("the driver's own words"))
        }
    }

    #[async_trait]
    impl ApiKeyStore for Silent {
        async fn insert(&self, _: &ApiKey) -> Result<bool, StoreError> {
            self.fail().await
        }

        async fn find(&self, _: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
            self.fail().await
        }

        async fn any(&self) -> Result<bool, StoreError> {
            self.fail().await
        }

        async fn list(
            &self,
            _: Option<ApiKeyId>,
            _: PageLimit,
        ) -> Result<Option<Vec<ApiKey>>, StoreError> {
            self.fail().await
        }

        async fn revoke(&self, _: ApiKeyId, _: Timestamp) -> Result<Option<ApiKey>, StoreError> {
            self.fail().await
        }

        async fn note_use(&self, _: ApiKeyId, _: Timestamp) -> Result<(), StoreError> {
            self.fail().await
        }
    }

    #[actix_web::test]
    async fn a_store_that_does_not_answer_is_a_503_without_its_words() {
        let key = TestApp::empty().key([Scope::Read].into_iter().collect()).await;
        let app = TestApp::altered(|services| {
            let clock = Arc::clone(&services.clock);
            services.authenticate = Authenticate::new(None, Arc::new(Silent), clock);
        });
        let answer = app.call(TestRequest::with_uri(PATH).insert_header(("X-API-Key", key))).await;
        assert!(!answer.refusal(503).contains("driver"));
        assert_eq!(answer.header("retry-after"), "5");
    }
}
