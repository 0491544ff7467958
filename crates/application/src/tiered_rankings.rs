use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    ForgetRankings, InvalidationBus, LoadError, LoadRanking, Loaded, NotedLoader, RankingCache,
    RankingQuery, Served,
};

/// A cache in this process over one that all processes share.
///
/// What is forgotten is forgotten in both, and every other process is told to
/// forget it too: each has a `near` cache of its own that listens to the bus.
pub struct TieredRankings {
    near: Arc<dyn RankingCache>,
    far: Arc<dyn RankingCache>,
    bus: Arc<dyn InvalidationBus>,
}

impl TieredRankings {
    /// Looks into `near` first, then into `far`.
    pub fn new(
        near: Arc<dyn RankingCache>,
        far: Arc<dyn RankingCache>,
        bus: Arc<dyn InvalidationBus>,
    ) -> Self {
        Self { near, far, bus }
    }
}

/// Loads from the far cache what the near one does not have.
struct Through<'a> {
    far: &'a dyn RankingCache,
    loader: &'a dyn LoadRanking,
}

#[async_trait]
impl LoadRanking for Through<'_> {
    async fn load(&self, query: &RankingQuery) -> Result<Loaded, LoadError> {
        let noted = NotedLoader::new(self.loader);
        let Served { document, .. } = self.far.get_or_load(query, &noted).await?;
        Ok(Loaded { document, keep: noted.may_be_kept() })
    }
}

#[async_trait]
impl RankingCache for TieredRankings {
    fn peek(&self, query: &RankingQuery) -> Option<Served> {
        self.near.peek(query)
    }

    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Served, LoadError> {
        self.near.get_or_load(query, &Through { far: &*self.far, loader }).await
    }
}

#[async_trait]
impl ForgetRankings for TieredRankings {
    async fn forget(&self, workload: &WorkloadSlug) {
        // The far one first: the near ones load from it again.
        self.far.forget(workload).await;
        self.near.forget(workload).await;
        if let Err(error) = self.bus.announce(workload).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, %workload, "other processes learn of a change by expiry only");
        }
    }

    async fn forget_everything(&self) {
        self.far.forget_everything().await;
        self.near.forget_everything().await;
    }
}
