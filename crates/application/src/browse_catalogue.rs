use std::sync::Arc;

use benchmark_domain::{Llm, LlmId, LlmReference, Metric, RunId, Workload, WorkloadSlug};
use benchmark_ports::{Catalogue, PageLimit, RecordedRun, RunFilter, RunStore, StoreError};

use crate::find_llm::{FindLlm, FindLlmError};

/// Lists what there is: metrics, LLMs, workloads, runs. Every list is as its
/// port orders it.
pub struct BrowseCatalogue {
    catalogue: Arc<dyn Catalogue>,
    runs: Arc<dyn RunStore>,
    find: FindLlm,
}

impl BrowseCatalogue {
    /// Lists what these hold.
    pub fn new(catalogue: Arc<dyn Catalogue>, runs: Arc<dyn RunStore>) -> Self {
        let find = FindLlm::new(Arc::clone(&catalogue));
        Self { catalogue, runs, find }
    }

    /// Every metric.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn metrics(&self) -> Result<Arc<[Metric]>, StoreError> {
        self.catalogue.metrics().await
    }

    /// The LLM of an id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn llm(&self, id: LlmId) -> Result<Option<Llm>, StoreError> {
        self.catalogue.llm(id).await
    }

    /// The one LLM that a reference means.
    ///
    /// # Errors
    /// [`FindLlmError`].
    pub async fn find_llm(&self, reference: &LlmReference) -> Result<Llm, FindLlmError> {
        self.find.run(reference).await
    }

    /// LLMs behind `after`; `None` if that names none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn llms(
        &self,
        after: Option<LlmId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<Llm>>, StoreError> {
        self.catalogue.llms(after, limit).await
    }

    /// Workloads behind `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn workloads(
        &self,
        after: Option<&WorkloadSlug>,
        limit: PageLimit,
    ) -> Result<Vec<Workload>, StoreError> {
        self.catalogue.workloads(after, limit).await
    }

    /// The run of an id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run(&self, id: RunId) -> Result<Option<RecordedRun>, StoreError> {
        self.runs.run(id).await
    }

    /// Runs behind `after`; `None` if that names none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn runs(
        &self,
        filter: &RunFilter,
        after: Option<RunId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<RecordedRun>>, StoreError> {
        self.runs.runs(filter, after, limit).await
    }
}
