use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{ForgetRankings, InvalidationBus, RankingCache};
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

#[async_trait]
impl ForgetRankings for Hearing {
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
        if let Some(Replicated { store, far }) = &self.replicated {
            store.changed_elsewhere();
            far.forget_everything().await;
        }
        self.near.forget_everything().await;
    }
}
