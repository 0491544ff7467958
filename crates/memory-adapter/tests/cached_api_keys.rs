//! What [`CachedApiKeys`] remembers, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use benchmark_domain::chrono::TimeDelta;
use benchmark_memory_adapter::{CachedApiKeys, MemoryStore};
use benchmark_port_contracts::fixtures::{a_key, at};
use benchmark_port_contracts::{StoppedClock, async_trait};
use benchmark_ports::{ApiKey, ApiKeyStore, KeyHash, StoreError};

/// Counts what it is asked.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    finds: AtomicUsize,
}

#[async_trait]
impl ApiKeyStore for Counting {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.store.insert(key).await
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        self.finds.fetch_add(1, Ordering::Relaxed);
        self.store.find(hash).await
    }

    async fn any(&self) -> Result<bool, StoreError> {
        self.store.any().await
    }
}

#[tokio::test]
async fn answers_are_remembered_for_five_seconds() {
    let (store, clock) = (Arc::new(Counting::default()), Arc::new(StoppedClock::at(at(0))));
    let keys = CachedApiKeys::new(store.clone(), clock.clone());
    store.insert(&a_key(1)).await.unwrap();
    for expected in [2, 4] {
        for _ in 0..3 {
            assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), Some(a_key(1)));
            assert_eq!(keys.find(&a_key(2).hash).await.unwrap(), None);
        }
        assert_eq!(store.finds.load(Ordering::Relaxed), expected);
        clock.advance(TimeDelta::seconds(5));
    }
}

#[tokio::test]
async fn a_key_inserted_elsewhere_is_found_after_five_seconds() {
    let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(StoppedClock::at(at(0))));
    let keys = CachedApiKeys::new(store.clone(), clock.clone());
    assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), None);
    store.insert(&a_key(1)).await.unwrap();
    clock.advance(TimeDelta::seconds(5));
    assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), Some(a_key(1)));
}
