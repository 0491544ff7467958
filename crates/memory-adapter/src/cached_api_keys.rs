use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use benchmark_ports::{ApiKey, ApiKeyStore, Clock, KeyHash, StoreError};

use crate::expiring_cache::{ExpiringCache, Fresh};

/// A key store that remembers for [five seconds](Self::TTL) what another one
/// found, and also what it did not find. A key that is revoked elsewhere is
/// found unrevoked for no longer than that.
pub struct CachedApiKeys {
    store: Arc<dyn ApiKeyStore>,
    found: ExpiringCache<KeyHash, Option<ApiKey>>,
}

impl CachedApiKeys {
    /// How long an answer is remembered.
    pub const TTL: Duration = Duration::from_secs(5);

    /// How many answers are remembered: guessed keys push each other out.
    const CAPACITY: usize = 10_000;

    /// Remembers the answers of `store`.
    pub fn new(store: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        let (items, capacity) = (Self::CAPACITY, Self::CAPACITY as u64);
        Self { store, found: ExpiringCache::new(items, capacity, |_, _| 1, Self::TTL, clock) }
    }
}

#[async_trait]
impl ApiKeyStore for CachedApiKeys {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.store.insert(key).await?;
        self.found.remove(&key.hash);
        Ok(())
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        if let Some(found) = self.found.get(hash) {
            return Ok(found);
        }
        let load = async { self.store.find(hash).await.map(Fresh::Keep) };
        self.found.get_or_load(hash, load).await
    }

    async fn any(&self) -> Result<bool, StoreError> {
        self.store.any().await
    }
}
