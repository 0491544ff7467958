use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{Llm, LlmId, LlmName, Metric, MetricName, Workload, WorkloadSlug};

use crate::{PageLimit, StoreError};

/// What became of a metric that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddMetric {
    /// It is there now.
    Added,
    /// It was there before, exactly so.
    Known,
    /// Another metric has its name: values under two definitions are never
    /// ranked together.
    Conflict,
}

/// Knows the metrics, the LLMs and the workloads.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Every metric, by name; the built-in ones are always there.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn metrics(&self) -> Result<Arc<[Metric]>, StoreError>;

    /// Adds a metric of the operator's own.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is added then.
    async fn add_metric(&self, metric: &Metric) -> Result<AddMetric, StoreError>;

    /// The LLM of this id; `None` if no recorded run is of it.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn llm(&self, id: LlmId) -> Result<Option<Llm>, StoreError>;

    /// LLMs by name, then provider, beginning behind the LLM `after`; `None` if
    /// that names none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn llms(
        &self,
        after: Option<LlmId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<Llm>>, StoreError>;

    /// The LLMs of this name, whoever serves them, by provider; the one of which
    /// the provider is unknown comes first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn llms_named(&self, name: &LlmName, limit: PageLimit) -> Result<Vec<Llm>, StoreError>;

    /// Workloads by slug, beginning behind `after`, whether it exists or not.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn workloads(
        &self,
        after: Option<&WorkloadSlug>,
        limit: PageLimit,
    ) -> Result<Vec<Workload>, StoreError>;

    /// The workloads on which some run measured a metric, by slug.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn workloads_with(
        &self,
        metric: &MetricName,
        limit: PageLimit,
    ) -> Result<Vec<WorkloadSlug>, StoreError>;
}
