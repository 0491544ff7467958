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
    use std::cell::Cell;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::task::Poll;

    use actix_web::dev::Payload;
    use actix_web::error::PayloadError;
    use actix_web::http::Method;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use benchmark_application::Authenticate;
    use benchmark_port_contracts::{async_trait, fixtures};
    use benchmark_ports::{
        ApiKey, ApiKeyId, ApiKeyStore, KeyHash, PageLimit, Scope, StoreError, Timestamp,
    };
    use bytes::Bytes;
    use futures_util::stream;

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

    /// A key store that takes its time to find this.
    struct Slow(fn() -> Result<Option<ApiKey>, StoreError>);

    #[async_trait]
    impl ApiKeyStore for Slow {
        async fn find(&self, _: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
            tokio::task::yield_now().await;
            self.0()
        }

        async fn insert(&self, _: &ApiKey) -> Result<bool, StoreError> {
            unreachable!("no key is made")
        }

        async fn any(&self) -> Result<bool, StoreError> {
            unreachable!("nobody asks")
        }

        async fn list(
            &self,
            _: Option<ApiKeyId>,
            _: PageLimit,
        ) -> Result<Option<Vec<ApiKey>>, StoreError> {
            unreachable!("nobody asks")
        }

        async fn revoke(&self, _: ApiKeyId, _: Timestamp) -> Result<Option<ApiKey>, StoreError> {
            unreachable!("no key is revoked")
        }

        async fn note_use(&self, _: ApiKeyId, _: Timestamp) -> Result<(), StoreError> {
            Ok(())
        }
    }

    /// An application that looks keys up for a while, and a key that it has to look
    /// up.
    async fn slow(finds: fn() -> Result<Option<ApiKey>, StoreError>) -> (TestApp, String) {
        let key = TestApp::empty().key([Scope::Read].into_iter().collect()).await;
        let app = TestApp::altered(|services| {
            let clock = Arc::clone(&services.clock);
            services.authenticate = Authenticate::new(None, Arc::new(Slow(finds)), clock);
        });
        (app, key)
    }

    #[actix_web::test]
    async fn a_store_that_does_not_answer_is_a_503_without_its_words() {
        let (app, key) = slow(|| Err(StoreError::unavailable("the driver's own words"))).await;
        let answer = app.call(TestRequest::with_uri(PATH).insert_header(("X-API-Key", key))).await;
        assert!(!answer.refusal(503).contains("driver"));
        assert_eq!(answer.header("retry-after"), "5");
    }

    fn reading() -> Result<Option<ApiKey>, StoreError> {
        Ok(Some(ApiKey {
            scopes: [Scope::Read].into_iter().collect(),
            expires_at: None,
            revoked_at: None,
            ..fixtures::a_key(0)
        }))
    }

    #[actix_web::test]
    async fn nothing_of_a_body_is_read_before_its_sender_is_known_and_let_in() {
        for path in ["/api/v1/runs", "/api/v1/runs/import", "/api/v1/keys", "/api/v1/metrics"] {
            for (finds, status) in [((|| Ok(None)) as fn() -> _, 401), (reading, 403)] {
                let (app, key) = slow(finds).await;
                let is_read = Rc::new(Cell::new(false));
                let reads = Rc::clone(&is_read);
                let body = stream::poll_fn(move |_| {
                    reads.set(true);
                    Poll::Ready(None::<Result<Bytes, PayloadError>>)
                });
                let request = TestRequest::post().uri(path).insert_header(("X-API-Key", key));
                let request = request.insert_header(("Content-Type", "application/json"));
                let body: Payload = Payload::Stream { payload: Box::pin(body) };
                let answer = app.call_with_body(request, Some(body)).await;
                answer.refusal(status);
                assert!(!is_read.get(), "{path}: {status}");
            }
        }
    }

    #[actix_web::test]
    async fn whatever_else_is_wrong_who_is_not_let_in_is_told_that() {
        let (app, key) = slow(|| Ok(None)).await;
        for (method, path) in [
            (Method::GET, PATH),
            (Method::GET, "/api/v1/benchmark/TTFT"),
            (Method::GET, "/api/v1/metrics"),
            (Method::POST, "/api/v1/runs"),
            (Method::POST, "/api/v1/runs/import"),
            (Method::POST, "/api/v1/keys"),
        ] {
            let request = TestRequest::with_uri(&format!("{path}?colour=red"));
            let request = request.method(method).insert_header(("X-API-Key", &*key));
            let request = request.insert_header(("Idempotency-Key", "a b"));
            let request = request.insert_header(("Content-Type", "multipart/form-data"));
            let request = request.insert_header(("Content-Length", "999999999"));
            assert_eq!(app.call(request).await.status, 401, "{path}");
        }
    }
}
