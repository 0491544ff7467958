use async_trait::async_trait;

use crate::StoreError;

/// Something the service depends on that can be asked how it is.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// What it is called in answers about health: `store`, `cache`.
    fn name(&self) -> &'static str;

    /// Returns if it works, quickly: a probe waits for the answer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not answer.
    async fn check(&self) -> Result<(), StoreError>;
}
