use std::collections::BTreeSet;
use std::sync::Arc;

use benchmark_domain::uuid::Builder;
use benchmark_domain::{
    EntryId, Publication, RankingEntry, RankingScope, Statistic, Window, WorkloadSlug, rank,
};
use benchmark_ports::{
    Catalogue, Clock, ForgetRankings, Randomness, RankingPublisher, RankingReader, StoreError,
};
use thiserror::Error;

/// Why a ranking was not published.
#[derive(Debug, Error)]
enum PublishError {
    /// The scope's metric is not in the catalogue.
    #[error("its metric is unknown")]
    UnknownMetric,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes down the default ranking of a scope whenever its runs have changed.
///
/// Who recorded runs calls it afterwards. However recordings interleave, the
/// last publication knows all of them: each reads no earlier than it recorded,
/// and the store keeps the publication that was read last.
pub struct PublishRankings {
    reader: Arc<dyn RankingReader>,
    publisher: Arc<dyn RankingPublisher>,
    catalogue: Arc<dyn Catalogue>,
    cache: Arc<dyn ForgetRankings>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl PublishRankings {
    /// Publishes from `reader` to `publisher`.
    pub fn new(
        reader: Arc<dyn RankingReader>,
        publisher: Arc<dyn RankingPublisher>,
        catalogue: Arc<dyn Catalogue>,
        cache: Arc<dyn ForgetRankings>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self { reader, publisher, catalogue, cache, clock, randomness }
    }

    /// Publishes the rankings of these scopes, and drops what is cached about
    /// their workloads, whatever came of it: readers compute what is not
    /// published. A failure is logged, and its scope stays
    /// [pending](Self::pending).
    pub async fn run(&self, scopes: &[RankingScope]) {
        let workloads: BTreeSet<_> = scopes.iter().map(|scope| &scope.workload).collect();
        // Before as well: once all is published nothing is pending any more, and
        // who dies then could not make it good.
        self.forget(&workloads).await;
        for scope in scopes {
            if let Err(error) = self.publish(scope).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, %scope, "ranking not published, will be tried again");
            }
        }
        self.forget(&workloads).await;
    }

    async fn forget(&self, workloads: &BTreeSet<&WorkloadSlug>) {
        for workload in workloads {
            self.cache.forget(workload).await;
        }
    }

    /// Publishes every scope whose newest publication does not know of all
    /// runs, because whoever recorded them failed or died before publishing.
    /// Returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not tell which they are.
    pub async fn pending(&self) -> Result<usize, StoreError> {
        let pending = self.publisher.pending().await?;
        self.run(&pending).await;
        Ok(pending.len())
    }

    async fn publish(&self, scope: &RankingScope) -> Result<(), PublishError> {
        let metrics = self.catalogue.metrics().await?;
        let metric = metrics
            .iter()
            .find(|metric| metric.name == scope.metric)
            .ok_or(PublishError::UnknownMetric)?;
        let read = self.reader.contenders(scope, Window::Latest, self.clock.now()).await?;
        let entries = rank(metric.direction, Statistic::Mean, read.contenders)
            .into_iter()
            .map(|ranked| RankingEntry { id: self.new_id(), ranked })
            .collect();
        let published_at = self.clock.now();
        let publication = Publication { scope: scope.clone(), published_at, entries };
        // Superseded is as good: somebody published what knows of more runs.
        self.publisher.publish(&publication, read.revision).await?;
        Ok(())
    }

    fn new_id(&self) -> EntryId {
        let mut bytes = [0; 16];
        self.randomness.fill(&mut bytes);
        EntryId(Builder::from_random_bytes(bytes).into_uuid())
    }
}
