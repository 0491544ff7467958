use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_ports::{
    ApiKey, ApiKeyId, ApiKeyStore, Clock, KeyHash, PageLimit, StoreError, Timestamp,
};

use crate::expiring_cache::{ExpiringCache, Fresh};

/// A key store that remembers for [five seconds](Self::TTL) what another one
/// found, and also what it did not find. A key that is revoked elsewhere is
/// found unrevoked for no longer than that; one that is revoked here, not at
/// all.
///
/// Uses are noted in memory until somebody has them [written](Self::write_uses).
pub struct CachedApiKeys {
    store: Arc<dyn ApiKeyStore>,
    found: ExpiringCache<KeyHash, Option<ApiKey>>,
    uses: Mutex<HashMap<ApiKeyId, Timestamp>>,
}

impl CachedApiKeys {
    /// How long an answer is remembered.
    pub const TTL: Duration = Duration::from_secs(5);

    /// How many answers are remembered: guessed keys push each other out.
    const CAPACITY: usize = 10_000;

    /// Remembers the answers of `store`.
    pub fn new(store: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        let (items, capacity) = (Self::CAPACITY, Self::CAPACITY as u64);
        let found = ExpiringCache::new(items, capacity, |_, _| 1, Self::TTL, clock);
        Self { store, found, uses: Mutex::default() }
    }

    /// Writes the uses noted since the last time. Called once a minute, each
    /// key's is written at most once a minute, however often it is used.
    ///
    /// # Errors
    /// [`StoreError`]; what was not written is written the next time.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        let noted: Vec<_> = self.uses(|uses| uses.drain().collect());
        for (written, &(id, at)) in noted.iter().enumerate() {
            if let Err(error) = self.store.note_use(id, at).await {
                self.uses(|uses| noted[written..].iter().for_each(|&(id, at)| note(uses, id, at)));
                return Err(error);
            }
        }
        Ok(())
    }

    fn uses<T>(&self, task: impl FnOnce(&mut HashMap<ApiKeyId, Timestamp>) -> T) -> T {
        task(&mut self.uses.lock().unwrap_or_else(PoisonError::into_inner))
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

    async fn list(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError> {
        // Lists say when each key was used last.
        self.write_uses().await?;
        self.store.list(after, limit).await
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        let revoked = self.store.revoke(id, at).await?;
        if let Some(key) = &revoked {
            self.found.remove(&key.hash);
        }
        Ok(revoked)
    }

    async fn note_use(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.uses(|uses| note(uses, id, at));
        Ok(())
    }
}

fn note(uses: &mut HashMap<ApiKeyId, Timestamp>, id: ApiKeyId, at: Timestamp) {
    let latest = uses.entry(id).or_insert(at);
    *latest = at.max(*latest);
}
