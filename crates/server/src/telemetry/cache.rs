use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    Clock, Document, LoadError, LoadRanking, Loaded, RankingCache, RankingQuery,
};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

/// A ranking cache whose hits and misses are counted, and the age of what it
/// gives.
pub(crate) struct MeasuredCache {
    inner: Arc<dyn RankingCache>,
    clock: Arc<dyn Clock>,
    hits: IntCounter,
    misses: IntCounter,
    age: Histogram,
}

impl MeasuredCache {
    pub(crate) fn new(
        inner: Arc<dyn RankingCache>,
        clock: Arc<dyn Clock>,
        registry: &Registry,
    ) -> prometheus::Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("benchmark_cache_requests_total", "Rankings asked of the cache."),
            &["result"],
        )?;
        let age = Histogram::with_opts(
            HistogramOpts::new(
                "benchmark_cache_age_seconds",
                "Age of the rankings that the cache gave.",
            )
            .buckets(vec![0.1, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 3600.0]),
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(age.clone()))?;
        Ok(Self {
            inner,
            clock,
            hits: requests.with_label_values(&["hit"]),
            misses: requests.with_label_values(&["miss"]),
            age,
        })
    }

    fn hit(&self, document: &Document) {
        self.hits.inc();
        let age = self.clock.now() - document.made_at();
        self.age.observe(age.as_seconds_f64());
    }
}

/// Notes whether it was called.
struct Noted<'a> {
    loader: &'a dyn LoadRanking,
    called: AtomicBool,
}

#[async_trait]
impl LoadRanking for Noted<'_> {
    async fn load(&self, query: &RankingQuery) -> Result<Loaded, LoadError> {
        self.called.store(true, Ordering::Relaxed);
        self.loader.load(query).await
    }
}

#[async_trait]
impl RankingCache for MeasuredCache {
    fn peek(&self, query: &RankingQuery) -> Option<Arc<Document>> {
        let document = self.inner.peek(query)?;
        self.hit(&document);
        Some(document)
    }

    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Arc<Document>, LoadError> {
        let noted = Noted { loader, called: AtomicBool::new(false) };
        let answer = self.inner.get_or_load(query, &noted).await;
        if noted.called.load(Ordering::Relaxed) {
            self.misses.inc();
        } else if let Ok(document) = &answer {
            self.hit(document);
        }
        answer
    }

    async fn forget(&self, workload: &WorkloadSlug) {
        self.inner.forget(workload).await;
    }
}
