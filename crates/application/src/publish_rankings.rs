use std::sync::Arc;

use benchmark_domain::uuid::Builder;
use benchmark_domain::{EntryId, Publication, RankingEntry, RankingScope, Statistic, Window, rank};
use benchmark_ports::{
    Catalogue, Clock, PublishOutcome, Randomness, RankingCache, RankingPublisher, RankingReader,
    StoreError,
};
use thiserror::Error;

/// Why a ranking was not published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The scope's metric is not in the catalogue.
    #[error("there is no metric for {0}")]
    UnknownMetric(RankingScope),
    /// A store failed.
    #[error("{scope} was not published")]
    Store {
        /// What was to be published.
        scope: RankingScope,
        /// How the store failed.
        source: StoreError,
    },
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
    cache: Arc<dyn RankingCache>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl PublishRankings {
    /// Publishes from `reader` to `publisher`.
    pub fn new(
        reader: Arc<dyn RankingReader>,
        publisher: Arc<dyn RankingPublisher>,
        catalogue: Arc<dyn Catalogue>,
        cache: Arc<dyn RankingCache>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self { reader, publisher, catalogue, cache, clock, randomness }
    }

    /// Publishes the ranking of one scope.
    ///
    /// # Errors
    /// [`PublishError`]; the scope stays [pending](Self::pending) then.
    pub async fn run(&self, scope: &RankingScope) -> Result<PublishOutcome, PublishError> {
        let store = |source| PublishError::Store { scope: scope.clone(), source };
        let metrics = self.catalogue.metrics().await.map_err(store)?;
        let metric = metrics
            .into_iter()
            .find(|metric| metric.name == scope.metric)
            .ok_or_else(|| PublishError::UnknownMetric(scope.clone()))?;
        let now = self.clock.now();
        let read = self.reader.contenders(scope, Window::Latest, now).await.map_err(store)?;
        let entries = rank(metric.direction, Statistic::Mean, read.contenders)
            .into_iter()
            .map(|ranked| RankingEntry { id: self.new_id(), ranked })
            .collect();
        let publication = Publication { scope: scope.clone(), published_at: now, entries };
        let outcome = self.publisher.publish(&publication, read.revision).await.map_err(store)?;
        self.cache.forget(&scope.workload).await;
        Ok(outcome)
    }

    /// Publishes every scope whose newest publication does not know of all
    /// runs, because whoever recorded them failed or died before publishing.
    /// Returns how many there were. One that fails is logged and left pending.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not tell which they are.
    pub async fn pending(&self) -> Result<usize, StoreError> {
        let pending = self.publisher.pending().await?;
        for scope in &pending {
            self.run_or_log(scope).await;
        }
        Ok(pending.len())
    }

    /// Like [`run`](Self::run) where nobody waits for the outcome: a failure is
    /// logged, and the scope stays [pending](Self::pending).
    pub(crate) async fn run_or_log(&self, scope: &RankingScope) {
        if let Err(error) = self.run(scope).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, %scope, "ranking not published, will be tried again");
        }
    }

    fn new_id(&self) -> EntryId {
        let mut bytes = [0; 16];
        self.randomness.fill(&mut bytes);
        EntryId(Builder::from_random_bytes(bytes).into_uuid())
    }
}
