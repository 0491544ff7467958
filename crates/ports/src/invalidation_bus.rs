use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;

use crate::{ForgetRankings, StoreError};

/// Tells every process of the service which answers no longer hold.
///
/// A message may be lost where a process cannot be reached; what it still
/// serves then expires by itself. Whoever may have missed one forgets
/// everything.
#[async_trait]
pub trait InvalidationBus: Send + Sync {
    /// Tells every process that listens, this one included, that the answers
    /// about a workload no longer hold.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if nobody could be told.
    async fn announce(&self, workload: &WorkloadSlug) -> Result<(), StoreError>;

    /// Listens for as long as the future is polled: has `listener` forget every
    /// workload that is announced, and everything whenever an announcement may
    /// have been missed, which is so before the first one and after every
    /// interruption. It never ends by itself; an interruption is logged once.
    async fn listen(&self, listener: &dyn ForgetRankings);
}
