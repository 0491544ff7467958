//! What [`CachedApiKeys`] remembers, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use benchmark_domain::chrono::TimeDelta;
use benchmark_memory_adapter::{CachedApiKeys, MemoryStore};
use benchmark_port_contracts::fixtures::{a_key, at};
use benchmark_port_contracts::{StoppedClock, async_trait};
use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, KeyHash, PageLimit, StoreError, Timestamp};

/// Counts what it is asked.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    finds: AtomicUsize,
    notes: AtomicUsize,
    down: AtomicBool,
}

#[async_trait]
impl ApiKeyStore for Counting {
    async fn insert(&self, key: &ApiKey) -> Result<bool, StoreError> {
        self.store.insert(key).await
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        self.finds.fetch_add(1, Ordering::Relaxed);
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("down"));
        }
        self.store.find(hash).await
    }

    async fn any(&self) -> Result<bool, StoreError> {
        self.store.any().await
    }

    async fn list(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError> {
        self.store.list(after, limit).await
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        self.store.revoke(id, at).await
    }

    async fn note_use(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.notes.fetch_add(1, Ordering::Relaxed);
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("down"));
        }
        self.store.note_use(id, at).await
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

#[tokio::test]
async fn a_key_revoked_elsewhere_is_found_revoked_after_five_seconds() {
    let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(StoppedClock::at(at(0))));
    let keys = CachedApiKeys::new(store.clone(), clock.clone());
    store.insert(&a_key(1)).await.unwrap();
    assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), Some(a_key(1)));
    let revoked = store.revoke(a_key(1).id, at(0)).await.unwrap();
    clock.advance(TimeDelta::seconds(5));
    assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), revoked);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_a_revoked_key_good_for_longer() {
    let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(StoppedClock::at(at(0))));
    let keys = CachedApiKeys::new(store.clone(), clock.clone());
    store.insert(&a_key(1)).await.unwrap();
    assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), Some(a_key(1)));
    let revoked = store.revoke(a_key(1).id, at(0)).await.unwrap();
    clock.advance(TimeDelta::hours(-1));
    assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), revoked);
}

#[tokio::test]
async fn many_uses_are_written_once_and_what_fails_the_next_time() {
    let (store, clock) = (Arc::new(Counting::default()), Arc::new(StoppedClock::at(at(0))));
    let keys = CachedApiKeys::new(store.clone(), clock);
    store.insert(&a_key(1)).await.unwrap();
    for second in [3, 9, 6] {
        keys.note_use(a_key(1).id, at(second)).await.unwrap();
    }
    assert_eq!(store.notes.load(Ordering::Relaxed), 0);
    store.down.store(true, Ordering::Relaxed);
    keys.write_uses().await.unwrap_err();
    store.down.store(false, Ordering::Relaxed);
    keys.write_uses().await.unwrap();
    keys.write_uses().await.unwrap();
    assert_eq!(store.notes.load(Ordering::Relaxed), 2);
    let used = store.find(&a_key(1).hash).await.unwrap().unwrap().last_used_at;
    assert_eq!(used, Some(at(9)));
}

#[tokio::test]
async fn while_the_store_is_unavailable_a_key_it_found_within_an_hour_is_known() {
    let (store, clock) = (Arc::new(Counting::default()), Arc::new(StoppedClock::at(at(0))));
    let keys = CachedApiKeys::new(store.clone(), clock.clone());
    store.insert(&a_key(1)).await.unwrap();
    keys.find(&a_key(1).hash).await.unwrap();
    store.down.store(true, Ordering::Relaxed);
    clock.advance(TimeDelta::seconds(6));
    for _ in 0..5 {
        assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), Some(a_key(1)));
        assert!(keys.find(&a_key(2).hash).await.is_err());
    }
    assert_eq!(store.finds.load(Ordering::Relaxed), 2, "it is left alone for a second");
    clock.advance(TimeDelta::hours(1));
    assert!(keys.find(&a_key(1).hash).await.is_err());
}

#[tokio::test]
async fn a_key_revoked_here_stays_so_while_the_store_is_unavailable() {
    let (store, clock) = (Arc::new(Counting::default()), Arc::new(StoppedClock::at(at(0))));
    let keys = CachedApiKeys::new(store.clone(), clock.clone());
    store.insert(&a_key(1)).await.unwrap();
    keys.find(&a_key(1).hash).await.unwrap();
    let revoked = keys.revoke(a_key(1).id, at(0)).await.unwrap();
    assert_eq!(keys.find(&a_key(1).hash).await.unwrap(), revoked);
    store.down.store(true, Ordering::Relaxed);
    clock.advance(TimeDelta::seconds(6));
    assert!(keys.find(&a_key(1).hash).await.is_err());
}
