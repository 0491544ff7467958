use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_domain::{Llm, LlmId, LlmName, Metric, MetricName, Workload, WorkloadSlug};
use benchmark_ports::{AddMetric, Catalogue, Clock, PageLimit, StoreError};

use crate::expiring_cache::ExpiringCache;

/// A catalogue that remembers the metrics of another one for
/// [five seconds](Self::TTL): every ranking begins with them, and they hardly
/// ever change. A metric that is added elsewhere is known no later than that, and
/// where they are read from replicas as much later as those lag; one that is added
/// here at once. Everything else is asked for each time.
pub struct CachedCatalogue {
    catalogue: Arc<dyn Catalogue>,
    /// With how many were added here before they were asked for: what was on its
    /// way when one was added does not hide it.
    metrics: ExpiringCache<(), (u64, Arc<[Metric]>)>,
    added: AtomicU64,
}

impl CachedCatalogue {
    /// How long metrics are remembered.
    pub const TTL: Duration = Duration::from_secs(5);

    /// Remembers the metrics of `catalogue`.
    pub fn new(catalogue: Arc<dyn Catalogue>, clock: Arc<dyn Clock>) -> Self {
        let metrics = ExpiringCache::new(1, 1, |(), _| 1, Self::TTL, clock);
        Self { catalogue, metrics, added: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Catalogue for CachedCatalogue {
    async fn metrics(&self) -> Result<Arc<[Metric]>, StoreError> {
        let added = self.added.load(Ordering::Acquire);
        if let Some((then, metrics)) = self.metrics.get(&())
            && then == added
        {
            return Ok(metrics);
        }
        // Whoever finds none asks for itself: nobody should wait for somebody
        // else's call to a store that hangs.
        let metrics = self.catalogue.metrics().await?;
        self.metrics.put((), (added, Arc::clone(&metrics)));
        Ok(metrics)
    }

    async fn add_metric(&self, metric: &Metric) -> Result<AddMetric, StoreError> {
        let outcome = self.catalogue.add_metric(metric).await;
        // Also after a failure, which may have come after the metric was added.
        self.added.fetch_add(1, Ordering::AcqRel);
        outcome
    }

    async fn llm(&self, id: LlmId) -> Result<Option<Llm>, StoreError> {
        self.catalogue.llm(id).await
    }

    async fn llms(
        &self,
        after: Option<LlmId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<Llm>>, StoreError> {
        self.catalogue.llms(after, limit).await
    }

    async fn llms_named(&self, name: &LlmName, limit: PageLimit) -> Result<Vec<Llm>, StoreError> {
        self.catalogue.llms_named(name, limit).await
    }

    async fn workloads(
        &self,
        after: Option<&WorkloadSlug>,
        limit: PageLimit,
    ) -> Result<Vec<Workload>, StoreError> {
        self.catalogue.workloads(after, limit).await
    }

    async fn workloads_with(
        &self,
        metric: &MetricName,
        limit: PageLimit,
    ) -> Result<Vec<WorkloadSlug>, StoreError> {
        self.catalogue.workloads_with(metric, limit).await
    }
}
