use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_ports::{
    ApiKey, ApiKeyId, ApiKeyStore, Clock, KeyHash, PageLimit, StoreError, Timestamp,
};

use crate::expiring_cache::{ExpiringCache, Fresh};
use crate::respite::Respite;

/// A key store that remembers for [five seconds](Self::TTL) what another one
/// found, and also what it did not find. A key that is revoked elsewhere is
/// found unrevoked for no longer than that; one that is revoked here, not at
/// all.
///
/// While the other store is unavailable, a key that it found within
/// [an hour](Self::OUTAGE) is still known: without that, who holds it could not
/// be given what other caches still have. Within that time, and no longer, a
/// revocation may be missed. After a failure the store is left alone for
/// [a second](Self::RESPITE), so that not every request waits for the next one.
///
/// Uses are noted in memory until somebody has them [written](Self::write_uses).
pub struct CachedApiKeys {
    store: Arc<dyn ApiKeyStore>,
    found: ExpiringCache<KeyHash, Option<ApiKey>>,
    known: ExpiringCache<KeyHash, ApiKey>,
    respite: Respite,
    clock: Arc<dyn Clock>,
    uses: Mutex<HashMap<ApiKeyId, Timestamp>>,
}

impl CachedApiKeys {
    /// How long an answer is remembered.
    pub const TTL: Duration = Duration::from_secs(5);

    /// How long a key is known while the store is unavailable.
    pub const OUTAGE: Duration = Duration::from_secs(3600);

    /// For how long an unavailable store is left alone.
    pub const RESPITE: Duration = Respite::LENGTH;

    /// How many answers are remembered: guessed keys push each other out.
    const CAPACITY: usize = 10_000;

    /// Remembers the answers of `store`.
    pub fn new(store: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        let (items, capacity) = (Self::CAPACITY, Self::CAPACITY as u64);
        let found = ExpiringCache::new(items, capacity, |_, _| 1, Self::TTL, Arc::clone(&clock));
        let known = ExpiringCache::new(items, capacity, |_, _| 1, Self::OUTAGE, Arc::clone(&clock));
        Self { store, found, known, respite: Respite::none(), clock, uses: Mutex::default() }
    }

    /// Writes the uses noted since the last time. Called once a minute, each
    /// key's is written at most once a minute, however often it is used.
    ///
    /// # Errors
    /// [`StoreError`]; what was not written is written the next time.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        let noted: Vec<_> = self.uses(|uses| uses.keys().copied().collect());
        for id in noted {
            // One at a time: whoever stops waiting loses one at most.
            let Some(at) = self.uses(|uses| uses.remove(&id)) else { continue };
            if let Err(error) = self.store.note_use(id, at).await {
                self.uses(|uses| note(uses, id, at));
                return Err(error);
            }
        }
        Ok(())
    }

    /// What the store finds, unless it has just been unavailable.
    async fn ask(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        if self.respite.lasts(self.clock.unix_micros()) {
            return Err(StoreError::unavailable("it was a moment ago"));
        }
        let found = self.store.find(hash).await;
        match &found {
            Ok(Some(key)) => self.known.put(*hash, key.clone()),
            Ok(None) => self.known.remove(hash),
            Err(StoreError::Unavailable { .. }) => {
                self.respite.begin(self.clock.unix_micros());
            }
            Err(_) => {}
        }
        found
    }

    fn uses<T>(&self, task: impl FnOnce(&mut HashMap<ApiKeyId, Timestamp>) -> T) -> T {
        task(&mut self.uses.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl ApiKeyStore for CachedApiKeys {
    async fn insert(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let is_stored = self.store.insert(key).await?;
        self.found.remove(&key.hash);
        Ok(is_stored)
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        if let Some(found) = self.found.get(hash) {
            return Ok(found);
        }
        let load = async { self.ask(hash).await.map(Fresh::Keep) };
        match self.found.get_or_load(hash, load).await {
            Err(error @ StoreError::Unavailable { .. }) => {
                self.known.get(hash).map(Some).ok_or(error)
            }
            found => found,
        }
    }

    async fn any(&self) -> Result<bool, StoreError> {
        self.store.any().await
    }

    async fn list(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError> {
        // Lists say when each key was used last, as far as that can be written;
        // the next time is for what cannot.
        _ = self.write_uses().await;
        self.store.list(after, limit).await
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        let revoked = self.store.revoke(id, at).await?;
        if let Some(key) = &revoked {
            self.known.remove(&key.hash);
            self.found.put(key.hash, Some(key.clone()));
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
