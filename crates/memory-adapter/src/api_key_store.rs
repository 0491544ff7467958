use async_trait::async_trait;
use benchmark_ports::{ApiKey, ApiKeyStore, KeyHash, StoreError};

use crate::MemoryStore;

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        let keys = &mut self.state().keys;
        if keys.iter().any(|known| known.id == key.id || known.hash == key.hash) {
            return Err(StoreError::failed("the key's id or hash is taken"));
        }
        keys.push(key.clone());
        Ok(())
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.state().keys.iter().find(|key| key.hash == *hash).cloned())
    }

    async fn any(&self) -> Result<bool, StoreError> {
        Ok(!self.state().keys.is_empty())
    }
}
