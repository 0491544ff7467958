use std::sync::Arc;

use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, PageLimit, StoreError};

/// Lists API keys, expired and revoked ones too.
pub struct ListKeys {
    keys: Arc<dyn ApiKeyStore>,
}

impl ListKeys {
    /// Lists what this store holds.
    pub fn new(keys: Arc<dyn ApiKeyStore>) -> Self {
        Self { keys }
    }

    /// Keys, the one made last first, behind `after`; `None` if that names none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError> {
        self.keys.list(after, limit).await
    }
}
