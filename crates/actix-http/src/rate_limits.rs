//! How often callers may ask, and how they are told.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use benchmark_application::Principal;
use benchmark_ports::{RateDecision, RateLimit, RateLimiter};

use crate::client_address::{TrustedProxies, subject};
use crate::error::ApiError;
use crate::headers::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::metrics::HttpMetrics;

/// How often callers may ask; where a limiter is missing, as often as they
/// like.
#[derive(Clone, Default)]
pub struct RateLimits {
    /// What one key may do.
    pub per_key: Option<Arc<dyn RateLimiter>>,
    /// What one address may do; for IPv6, all of a /64 together.
    pub per_address: Option<Arc<dyn RateLimiter>>,
    /// How often one address may come without a valid key. Whoever has one is
    /// let in from there all the same.
    pub failed_authentications: Option<Arc<dyn RateLimiter>>,
    /// Who may say where a request comes from.
    pub trusted_proxies: TrustedProxies,
}

impl RateLimits {
    /// Whether requests with a valid key are limited.
    pub(crate) fn concern_everybody(&self) -> bool {
        self.per_key.is_some() || self.per_address.is_some()
    }
}

/// What a request can use up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Allowance {
    Address,
    Key,
    FailedAuthentications,
}

impl Allowance {
    pub(crate) const ALL: [Self; 3] = [Self::Address, Self::Key, Self::FailedAuthentications];

    /// As headers and metrics call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Key => "key",
            Self::FailedAuthentications => "failed_auth",
        }
    }

    fn refusal(self, retry_after: Duration) -> ApiError {
        let what = match self {
            Self::Address => "Too many requests from this address",
            Self::Key => "Too many requests with this API key",
            Self::FailedAuthentications => {
                "Too many requests without a valid key from this address"
            }
        };
        ApiError::too_many(what, rounded_up(retry_after).max(1))
    }
}

/// Holds one request to the limits.
pub(crate) struct Meter<'a> {
    request: &'a HttpRequest,
    limits: &'a RateLimits,
    client: Option<IpAddr>,
    told: Told,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(request: &'a HttpRequest, limits: &'a RateLimits) -> Self {
        Self { request, limits, client: None, told: Told::default() }
    }

    /// Counts a request against its address.
    ///
    /// # Errors
    /// 429 where the address may not ask now.
    pub(crate) async fn address(&mut self) -> Result<(), ApiError> {
        let Some(limiter) = &self.limits.per_address else { return Ok(()) };
        let client = subject(self.client());
        self.take(Allowance::Address, &**limiter, &client).await
    }

    /// Counts a request against its key.
    ///
    /// # Errors
    /// 429 where the key may not be used now.
    pub(crate) async fn key(&mut self, principal: Principal) -> Result<(), ApiError> {
        let Some(limiter) = &self.limits.per_key else { return Ok(()) };
        self.take(Allowance::Key, &**limiter, &principal.to_string()).await
    }

    /// Counts a request that has no valid key against its address.
    ///
    /// # Errors
    /// 429 where too many came from there.
    pub(crate) async fn failed_authentication(&mut self) -> Result<(), ApiError> {
        if let Some(metrics) = self.request.app_data::<HttpMetrics>() {
            metrics.authentication_failed();
        }
        let Some(limiter) = &self.limits.failed_authentications else { return Ok(()) };
        let client = subject(self.client());
        self.take(Allowance::FailedAuthentications, &**limiter, &client).await
    }

    async fn take(
        &mut self,
        allowance: Allowance,
        limiter: &dyn RateLimiter,
        subject: &str,
    ) -> Result<(), ApiError> {
        let decision = limiter.take(subject).await;
        self.told.add(allowance, limiter.limit(), decision);
        if decision.allowed {
            return Ok(());
        }
        if let Some(metrics) = self.request.app_data::<HttpMetrics>() {
            metrics.refused(allowance);
        }
        Err(allowance.refusal(decision.retry_after))
    }

    fn client(&mut self) -> IpAddr {
        let (request, proxies) = (self.request, &self.limits.trusted_proxies);
        *self.client.get_or_insert_with(|| proxies.client(request))
    }

    /// Leaves with the request what its answer has to tell.
    pub(crate) fn leave(self) {
        if !self.told.policies.is_empty() {
            self.request.extensions_mut().insert(self.told);
        }
    }
}

/// What an answer tells of the limits that its request was held to
/// (draft-ietf-httpapi-ratelimit-headers).
#[derive(Debug, Default)]
pub(crate) struct Told {
    policies: String,
    remains: String,
}

impl Told {
    /// What was left with a request.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions_mut().remove()
    }

    fn add(&mut self, allowance: Allowance, limit: RateLimit, decision: RateDecision) {
        let separator = if self.policies.is_empty() { "" } else { ", " };
        let (name, quota) = (allowance.as_str(), limit.requests);
        let window = rounded_up(limit.period);
        let (remaining, reset) = (decision.remaining, rounded_up(decision.reset_after));
        // Writing to a String does not fail.
        let _ = write!(self.policies, "{separator}\"{name}\";q={quota};w={window}");
        let _ = write!(self.remains, "{separator}\"{name}\";r={remaining};t={reset}");
    }

    /// Adds the headers to an answer.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        for (name, value) in [(RATE_LIMIT_POLICY, self.policies), (RATE_LIMIT, self.remains)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(name, value);
            }
        }
    }
}

fn rounded_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use actix_web::test::TestRequest;
    use benchmark_domain::chrono::TimeDelta;
    use benchmark_memory_adapter::MemoryRateLimiter;
    use benchmark_port_contracts::StoppedClock;
    use benchmark_port_contracts::fixtures::at;

    use super::*;
    use crate::testing::{Answer, KEY, TestApp};

    const PATH: &str = "/api/v1/llms";

    /// An application with limits, and the clock that they go by.
    struct Limited {
        app: TestApp,
        clock: Arc<StoppedClock>,
    }

    impl Limited {
        /// `choose` is given what makes limiters of so many requests a minute.
        fn new(
            choose: impl FnOnce(&dyn Fn(u32) -> Option<Arc<dyn RateLimiter>>) -> RateLimits,
        ) -> Self {
            let clock = Arc::new(StoppedClock::at(at(0)));
            let limiter = |requests: u32| -> Option<Arc<dyn RateLimiter>> {
                let requests = requests.try_into().unwrap();
                let limit = RateLimit { requests, period: Duration::from_secs(60) };
                Some(Arc::new(MemoryRateLimiter::new(limit, clock.clone())))
            };
            let app = TestApp::altered(|services| services.rate_limits = choose(&limiter));
            Self { app, clock }
        }

        /// The answer to a request with this key from this address.
        async fn ask(&self, key: &str, from: &str) -> Answer {
            let peer = SocketAddr::new(from.parse().unwrap(), 4711);
            let request = TestRequest::with_uri(PATH).insert_header(("X-API-Key", key));
            self.app.call(request.peer_addr(peer)).await
        }
    }

    const HERE: &str = "198.51.100.1";
    const THERE: &str = "198.51.100.2";

    fn told(answer: &Answer) -> (&str, &str) {
        (answer.header("ratelimit-policy"), answer.header("ratelimit"))
    }

    #[actix_web::test]
    async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
        let limited =
            Limited::new(|limiter| RateLimits { per_key: limiter(2), ..RateLimits::default() });
        let policy = "\"key\";q=2;w=60";
        for (remains, from) in [("\"key\";r=1;t=30", HERE), ("\"key\";r=0;t=60", THERE)] {
            let answer = limited.ask(KEY, from).await;
            assert_eq!((answer.status.as_u16(), told(&answer)), (200, (policy, remains)));
        }
        let refused = limited.ask(KEY, HERE).await;
        let message = refused.refusal(429);
        assert_eq!(message, "Too many requests with this API key, please try again in 30 seconds");
        assert_eq!(refused.header("retry-after"), "30");
        assert_eq!(told(&refused), (policy, "\"key\";r=0;t=60"));

        let other = limited.app.stored(|_| {}).await;
        assert_eq!(limited.ask(&other, HERE).await.status, 200);
        limited.clock.advance(TimeDelta::milliseconds(29_500));
        assert_eq!(limited.ask(KEY, HERE).await.header("retry-after"), "1", "rounded up");
        limited.clock.advance(TimeDelta::milliseconds(500));
        assert_eq!(limited.ask(KEY, HERE).await.status, 200);
    }

    #[actix_web::test]
    async fn an_address_that_asks_too_often_is_refused_whatever_its_keys() {
        let limited =
            Limited::new(|limiter| RateLimits { per_address: limiter(2), ..RateLimits::default() });
        let other = limited.app.stored(|_| {}).await;
        assert_eq!(limited.ask(KEY, HERE).await.status, 200);
        let wrong = limited.ask("wrong", HERE).await;
        wrong.refusal(401);
        assert_eq!(told(&wrong), ("\"address\";q=2;w=60", "\"address\";r=0;t=60"));
        for key in [KEY, &other, "wrong"] {
            assert!(limited.ask(key, HERE).await.refusal(429).contains("this address"));
        }
        assert_eq!(limited.ask(KEY, THERE).await.status, 200);
    }

    #[actix_web::test]
    async fn whoever_guesses_keys_is_refused_and_a_good_key_from_there_is_not() {
        let limited = Limited::new(|limiter| RateLimits {
            failed_authentications: limiter(2),
            ..RateLimits::default()
        });
        for remains in ["\"failed_auth\";r=1;t=30", "\"failed_auth\";r=0;t=60"] {
            let answer = limited.ask("guess", HERE).await;
            answer.refusal(401);
            assert_eq!(told(&answer), ("\"failed_auth\";q=2;w=60", remains));
        }
        let refused = limited.ask("guess", HERE).await;
        assert!(refused.refusal(429).contains("without a valid key"));
        assert_eq!(refused.header("retry-after"), "30");
        let good = limited.ask(KEY, HERE).await;
        assert_eq!((good.status.as_u16(), told(&good)), (200, ("", "")));
        limited.ask("guess", THERE).await.refusal(401);
    }

    #[actix_web::test]
    async fn a_key_without_the_scope_uses_up_its_allowance_and_fails_no_authentication() {
        let limited = Limited::new(|limiter| RateLimits {
            per_key: limiter(2),
            failed_authentications: limiter(1),
            ..RateLimits::default()
        });
        let key = limited.app.key([benchmark_ports::Scope::Write].into_iter().collect()).await;
        for status in [403, 403, 429] {
            limited.ask(&key, HERE).await.refusal(status);
        }
    }

    #[actix_web::test]
    async fn two_limits_are_told_in_one_header() {
        let limited = Limited::new(|limiter| RateLimits {
            per_key: limiter(6),
            per_address: limiter(60),
            ..RateLimits::default()
        });
        let answer = limited.ask(KEY, HERE).await;
        let expected =
            ("\"address\";q=60;w=60, \"key\";q=6;w=60", "\"address\";r=59;t=1, \"key\";r=5;t=10");
        assert_eq!(told(&answer), expected);
    }

    #[actix_web::test]
    async fn behind_a_trusted_proxy_each_client_has_its_own_allowance() {
        let limited = Limited::new(|limiter| RateLimits {
            per_address: limiter(1),
            trusted_proxies: TrustedProxies::parse(HERE).unwrap(),
            ..RateLimits::default()
        });
        let ask = async |peer: &str, client: &str| {
            let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
            let request = TestRequest::with_uri(PATH).insert_header(("X-API-Key", KEY));
            let request = request.insert_header(("X-Forwarded-For", client)).peer_addr(peer);
            limited.app.call(request).await.status.as_u16()
        };
        assert_eq!(ask(HERE, "203.0.113.1").await, 200);
        assert_eq!(ask(HERE, "203.0.113.2").await, 200);
        assert_eq!(ask(HERE, "203.0.113.2, 203.0.113.1").await, 429);
        assert_eq!(ask(THERE, "203.0.113.3").await, 200);
        assert_eq!(ask(THERE, "203.0.113.4").await, 429, "nobody's word but a proxy's is taken");
    }

    #[actix_web::test]
    async fn what_needs_no_key_is_not_limited() {
        let limited =
            Limited::new(|limiter| RateLimits { per_address: limiter(1), ..RateLimits::default() });
        for path in ["/health/live", "/health/live", "/metrics", "/docs", "/openapi.json", "/"] {
            let answer = limited.app.call(TestRequest::with_uri(path)).await;
            assert_eq!((answer.status.as_u16(), told(&answer)), (200, ("", "")), "{path}");
        }
    }

    #[actix_web::test]
    async fn refusals_are_counted_by_reason_and_not_by_whom() {
        let limited = Limited::new(|limiter| RateLimits {
            per_key: limiter(1),
            per_address: limiter(4),
            failed_authentications: limiter(1),
            ..RateLimits::default()
        });
        for key in [KEY, KEY, "guess", "guess", KEY] {
            limited.ask(key, HERE).await;
        }
        let exposition = limited.app.call(TestRequest::with_uri("/metrics")).await;
        let text = String::from_utf8(exposition.body.to_vec()).unwrap();
        for reason in ["key", "address", "failed_auth"] {
            let line = format!("benchmark_http_requests_refused_total{{reason=\"{reason}\"}} 1\n");
            assert!(text.contains(&line), "{text}");
        }
        assert!(text.contains("benchmark_auth_failures_total 2\n"), "{text}");
        assert!(!text.contains(HERE) && !text.contains("bootstrap"), "{text}");
    }
}
