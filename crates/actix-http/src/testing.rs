//! The whole application over stores in memory, for the tests of routes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::body::to_bytes;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service};
use benchmark_application::{
    Authenticate, BrowseCatalogue, CheckHealth, CompareLlms, ComputeRanking, CreateKey,
    DefineMetric, ListKeys, PlainKey, PublishRankings, ReadHistory, ReadRanking, RecordRuns,
    RevokeKey,
};
use benchmark_domain::uuid::Uuid;
use benchmark_domain::{Run, WorkloadSlug};
use benchmark_memory_adapter::{MemoryRankingCache, MemoryStore};
use benchmark_port_contracts::{StoppedClock, fixtures};
use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, Clock, Randomness, RankingCache, Scopes};
use bytes::Bytes;
use prometheus::Registry;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::app::{Shared, application};
use crate::body::BodyLimits;
use crate::ranking_encoder::JsonRankings;
use crate::rate_limits::RateLimits;
use crate::services::Services;

/// A key with every scope.
pub(crate) const KEY: &str = "a-key-with-every-scope";

/// An application of its own, with a store of its own.
pub(crate) struct TestApp {
    pub(crate) shared: Shared,
    store: Arc<MemoryStore>,
}

impl TestApp {
    /// An application without data.
    pub(crate) fn empty() -> Self {
        Self::altered(|_| {})
    }

    /// The same with other use cases.
    pub(crate) fn altered(alter: impl FnOnce(&mut Services)) -> Self {
        let store = Arc::new(MemoryStore::default());
        let mut services = services_over(&store);
        alter(&mut services);
        let limits = BodyLimits { bytes: 10_000, timeout: Duration::from_secs(10) };
        Self { shared: Shared::new(services, limits).unwrap(), store }
    }

    /// What an application is made of.
    pub(crate) fn services() -> Services {
        services_over(&Arc::new(MemoryStore::default()))
    }

    /// An application with these runs.
    pub(crate) async fn with(runs: &[Run]) -> Self {
        let app = Self::empty();
        app.shared.services.record_runs.run(runs).await.unwrap();
        app
    }

    /// Stores a key with these scopes and gives it.
    pub(crate) async fn key(&self, scopes: Scopes) -> String {
        self.stored(|key| key.scopes = scopes).await
    }

    /// Stores a key for good, altered, and gives it.
    pub(crate) async fn stored(&self, alter: impl FnOnce(&mut ApiKey)) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1 << 32);
        let seed = NEXT.fetch_add(10, Ordering::Relaxed);
        let plain = PlainKey::generate(&Counting(AtomicU64::new(seed)));
        let id = ApiKeyId(Uuid::from_u128(seed.into()));
        let mut key = ApiKey { id, hash: plain.hash(), expires_at: None, ..fixtures::a_key(0) };
        alter(&mut key);
        self.store.insert(&key).await.unwrap();
        plain.expose().to_owned()
    }

    /// The answer to a request.
    pub(crate) async fn call(&self, request: TestRequest) -> Answer {
        self.call_with_body(request, None).await
    }

    /// The answer to a request whose body is still on its way.
    pub(crate) async fn call_with_body(
        &self,
        request: TestRequest,
        body: Option<Payload>,
    ) -> Answer {
        let service = init_service(application(&self.shared)).await;
        let mut request = request.to_request();
        if let Some(body) = body {
            request = request.replace_payload(body).0;
        }
        let response = actix_web::test::call_service(&service, request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap();
        Answer { status, headers, body }
    }

    /// The answer to GET with the key.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(get(path)).await
    }

    /// The answer to POST /api/v1/runs with the key.
    pub(crate) async fn post(&self, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let request = TestRequest::post().uri("/api/v1/runs").insert_header(("X-API-Key", KEY));
        let request = request.insert_header(("Content-Type", content_type));
        self.call(request.set_payload(body)).await
    }
}

fn services_over(store: &Arc<MemoryStore>) -> Services {
    let clock: Arc<dyn Clock> = Arc::new(StoppedClock::at(fixtures::at(0)));
    let minute = Duration::from_secs(60);
    let cache: Arc<dyn RankingCache> =
        Arc::new(MemoryRankingCache::new(minute, 1 << 20, clock.clone()));
    let publish = Arc::new(PublishRankings::new(
        store.clone(),
        store.clone(),
        store.clone(),
        cache.clone(),
        clock.clone(),
        Arc::new(Counting(AtomicU64::new(0))),
    ));
    let compute =
        ComputeRanking::new(store.clone(), store.clone(), Arc::new(JsonRankings), clock.clone());
    let record_runs = RecordRuns::new(store.clone(), store.clone(), publish, clock.clone());
    let randomness = Arc::new(Counting(AtomicU64::new(0)));
    let create_key = CreateKey::new(store.clone(), clock.clone(), randomness);
    Services {
        authenticate: Authenticate::new(Some(KEY.into()), store.clone(), clock.clone()),
        rate_limits: RateLimits::default(),
        read_ranking: Arc::new(ReadRanking::new(cache, compute)),
        read_history: ReadHistory::new(store.clone(), store.clone()),
        compare_llms: CompareLlms::new(store.clone(), store.clone(), clock.clone()),
        define_metric: DefineMetric::new(store.clone()),
        browse_catalogue: BrowseCatalogue::new(store.clone(), store.clone()),
        record_runs: Arc::new(record_runs),
        recording: Handle::current(),
        create_key: Arc::new(create_key),
        list_keys: ListKeys::new(store.clone()),
        revoke_key: RevokeKey::new(store.clone(), clock.clone()),
        check_health: CheckHealth::new(vec![store.clone()]),
        default_workload: WorkloadSlug::default(),
        clock,
        metrics: Registry::new(),
    }
}

/// GET with the key.
pub(crate) fn get(path: &str) -> TestRequest {
    TestRequest::with_uri(path).insert_header(("X-API-Key", KEY))
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The envelope, which every JSON answer has.
    pub(crate) fn envelope(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        let envelope: Value = serde_json::from_slice(&self.body).unwrap();
        let names: Vec<_> = envelope.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["data", "message", "success"]);
        assert_eq!(envelope["success"], self.status.is_success(), "{envelope}");
        envelope
    }

    /// The data of an answer that must have succeeded.
    pub(crate) fn data(&self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.envelope()["data"].take()
    }

    /// The message of a refusal, which must be of this status.
    pub(crate) fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.envelope()["message"].as_str().unwrap().to_owned()
    }
}

/// Bytes that differ, without being random.
struct Counting(AtomicU64);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}
