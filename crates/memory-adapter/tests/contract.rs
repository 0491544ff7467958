//! The suites of the ports, over this crate's adapters.

use std::sync::Arc;
use std::time::Duration;

use benchmark_memory_adapter::{CachedApiKeys, CachedCatalogue, MemoryRankingCache, MemoryStore};
use benchmark_port_contracts::fixtures::at;
use benchmark_port_contracts::{
    Place, StoppedClock, Stores, async_trait, ranking_cache_contract, store_contract,
};
use benchmark_ports::{Clock, RankingCache};

struct Memory;

#[async_trait]
impl Place for Memory {
    async fn fresh() -> Self {
        Self
    }

    async fn open(&self) -> Stores {
        Stores::of(Arc::new(MemoryStore::default()))
    }
}

store_contract!(Memory);

async fn cache(ttl: Duration, bytes: u64, clock: Arc<dyn Clock>) -> Arc<dyn RankingCache> {
    Arc::new(MemoryRankingCache::new(ttl, bytes, clock))
}

ranking_cache_contract!(cache);

/// What remembers for a while is, seen alone, like what it remembers.
mod cached {
    use super::*;

    struct Cached;

    #[async_trait]
    impl Place for Cached {
        async fn fresh() -> Self {
            Self
        }

        async fn open(&self) -> Stores {
            let stores = Memory.open().await;
            let clock = Arc::new(StoppedClock::at(at(0)));
            Stores {
                keys: Arc::new(CachedApiKeys::new(stores.keys.clone(), clock.clone())),
                catalogue: Arc::new(CachedCatalogue::new(stores.catalogue.clone(), clock)),
                ..stores
            }
        }
    }

    store_contract!(Cached);
}
