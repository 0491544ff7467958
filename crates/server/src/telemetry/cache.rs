use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    Clock, ForgetRankings, Freshness, LoadError, LoadRanking, NotedLoader, RankingCache,
    RankingQuery, Served,
};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};
use tracing::Instrument;
use tracing::field::Empty;

use super::traces::SPANS;

/// Of how many answers the age of one is looked at.
const AGE_OF_EVERY: u64 = 16;

/// What caches of rankings are measured by, each under the name of its tier.
pub(crate) struct CacheMetrics {
    requests: IntCounterVec,
    age: HistogramVec,
}

impl CacheMetrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("benchmark_cache_requests_total", "Rankings asked of a cache."),
            &["tier", "result"],
        )?;
        let age = HistogramVec::new(
            HistogramOpts::new(
                "benchmark_cache_age_seconds",
                "Age of the rankings that a cache gave, of every sixteenth.",
            )
            .buckets(vec![0.1, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 3600.0]),
            &["tier"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(age.clone()))?;
        Ok(Self { requests, age })
    }
}

/// A ranking cache whose hits and misses are counted, and the age of what it
/// gives.
pub(crate) struct MeasuredCache {
    inner: Arc<dyn RankingCache>,
    tier: &'static str,
    clock: Arc<dyn Clock>,
    hits: IntCounter,
    stale: IntCounter,
    misses: IntCounter,
    age: Histogram,
}

impl MeasuredCache {
    /// Measures `inner` as the cache of this tier.
    pub(crate) fn new(
        inner: Arc<dyn RankingCache>,
        tier: &'static str,
        metrics: &CacheMetrics,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let count = |result| metrics.requests.with_label_values(&[tier, result]);
        Self {
            inner,
            tier,
            clock,
            hits: count("hit"),
            stale: count("stale"),
            misses: count("miss"),
            age: metrics.age.with_label_values(&[tier]),
        }
    }

    fn hit(&self, served: &Served) {
        let hits = match served.freshness {
            Freshness::Fresh => &self.hits,
            Freshness::Stale => &self.stale,
        };
        // Reading the clock at each would cost the quickest answers a hundredth.
        let is_sample = hits.get().is_multiple_of(AGE_OF_EVERY);
        hits.inc();
        if !is_sample {
            return;
        }
        let made_at = served.document.made_at().timestamp_micros();
        self.age.observe((self.clock.unix_micros() - made_at) as f64 / 1e6);
    }
}

#[async_trait]
impl RankingCache for MeasuredCache {
    fn peek(&self, query: &RankingQuery) -> Option<Served> {
        let served = self.inner.peek(query)?;
        self.hit(&served);
        Some(served)
    }

    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Served, LoadError> {
        let noted = NotedLoader::new(loader);
        let span = tracing::info_span!(target: SPANS, "cache", tier = self.tier, found = Empty);
        let answer = self.inner.get_or_load(query, &noted).instrument(span.clone()).await;
        let found = matches!(&answer, Ok(served)
            if !noted.has_loaded() || served.freshness == Freshness::Stale);
        span.record("found", found);
        match &answer {
            Ok(served) if found => self.hit(served),
            _ => self.misses.inc(),
        }
        answer
    }
}

#[async_trait]
impl ForgetRankings for MeasuredCache {
    async fn forget(&self, workload: &WorkloadSlug) {
        self.inner.forget(workload).await;
    }

    async fn forget_everything(&self) {
        self.inner.forget_everything().await;
    }
}
