use std::cmp::Reverse;

use async_trait::async_trait;
use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, KeyHash, PageLimit, StoreError, Timestamp};

use crate::MemoryStore;

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn insert(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let keys = &mut self.state().keys;
        let is_taken = keys.iter().any(|known| known.id == key.id || known.hash == key.hash);
        if !is_taken {
            keys.push(key.clone());
        }
        Ok(!is_taken)
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.state().keys.iter().find(|key| key.hash == *hash).cloned())
    }

    async fn any(&self) -> Result<bool, StoreError> {
        Ok(!self.state().keys.is_empty())
    }

    async fn list(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError> {
        let newest_first = |key: &ApiKey| Reverse((key.created_at, key.id));
        let mut keys = self.state().keys.clone();
        if let Some(after) = after {
            let Some(after) = keys.iter().find(|key| key.id == after).cloned() else {
                return Ok(None);
            };
            keys.retain(|key| newest_first(key) > newest_first(&after));
        }
        keys.sort_by_key(newest_first);
        keys.truncate(limit.get());
        Ok(Some(keys))
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        let mut state = self.state();
        let Some(key) = state.keys.iter_mut().find(|key| key.id == id) else { return Ok(None) };
        key.revoked_at = Some(key.revoked_at.map_or(at, |known| known.min(at)));
        Ok(Some(key.clone()))
    }

    async fn note_use(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(key) = state.keys.iter_mut().find(|key| key.id == id) {
            key.last_used_at = key.last_used_at.max(Some(at));
        }
        Ok(())
    }
}
