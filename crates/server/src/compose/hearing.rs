use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    InvalidationBus, LoadError, LoadRanking, RankingCache, RankingQuery, Served,
};
use benchmark_postgres_adapter::PostgresStore;

/// What this process hears of what others recorded.
pub(crate) struct Hearing {
    pub(super) bus: Arc<dyn InvalidationBus>,
    /// What is to forget.
    pub(super) near: Arc<dyn RankingCache>,
    /// Where this process reads replicas: what it may have filled from one.
    pub(super) replicated: Option<Replicated>,
}

/// A store that reads replicas, and the shared cache in front of it.
pub(super) struct Replicated {
    pub(super) store: Arc<PostgresStore>,
    pub(super) far: Arc<dyn RankingCache>,
}

impl Hearing {
    /// Listens for as long as it is polled.
    pub(crate) async fn listen(self) {
        self.bus.listen(&self).await;
    }
}

/// To be told what to forget; nothing is asked of it.
#[async_trait]
impl RankingCache for Hearing {
    fn peek(&self, query: &RankingQuery) -> Option<Served> {
        self.near.peek(query)
    }

    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Served, LoadError> {
        self.near.get_or_load(query, loader).await
    }

    async fn forget(&self, workload: &WorkloadSlug) {
        if let Some(Replicated { store, far }) = &self.replicated {
            // The answer that replaces a forgotten one must not come from a
            // replica that has not heard of the change itself; and one that
            // this process took from such a replica since must not stay shared.
            store.changed_elsewhere();
            far.forget(workload).await;
        }
        self.near.forget(workload).await;
    }

    async fn forget_everything(&self) {
        if let Some(Replicated { store, .. }) = &self.replicated {
            store.changed_elsewhere();
        }
        self.near.forget_everything().await;
    }
}
