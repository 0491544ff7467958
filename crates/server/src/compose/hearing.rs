use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    InvalidationBus, LoadError, LoadRanking, RankingCache, RankingQuery, Served,
};
use benchmark_postgres_adapter::PostgresStore;

/// What this process hears of what others recorded.
pub(crate) struct Hearing {
    bus: Arc<dyn InvalidationBus>,
    near: Arc<dyn RankingCache>,
    store: Option<Arc<PostgresStore>>,
}

impl Hearing {
    /// Listens to `bus`; tells `near`, and the store, if it reads replicas.
    pub(super) fn new(
        bus: &Arc<dyn InvalidationBus>,
        near: &Arc<dyn RankingCache>,
        store: Option<Arc<PostgresStore>>,
    ) -> Self {
        Self { bus: Arc::clone(bus), near: Arc::clone(near), store }
    }

    /// Listens for as long as it is polled.
    pub(crate) async fn listen(self) {
        self.bus.listen(&self).await;
    }

    /// The answer that replaces a forgotten one must not come from a replica
    /// that has not heard of the change itself.
    fn tell_store(&self) {
        if let Some(store) = &self.store {
            store.changed_elsewhere();
        }
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
        self.tell_store();
        self.near.forget(workload).await;
    }

    async fn forget_everything(&self) {
        self.tell_store();
        self.near.forget_everything().await;
    }
}
