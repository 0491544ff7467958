use std::sync::Arc;

use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, Clock, StoreError};

/// Revokes API keys, for good.
pub struct RevokeKey {
    keys: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
}

impl RevokeKey {
    /// Revokes keys of this store.
    pub fn new(keys: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }

    /// Revokes a key from now on and gives it as it is then; one that is revoked
    /// already stays as it is. `None` if there is no such key.
    ///
    /// # Errors
    /// [`StoreError`]; the key is as it was then.
    pub async fn run(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.keys.revoke(id, self.clock.now()).await
    }
}
