use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{ForgetRankings, InvalidationBus, StoreError};
use tokio::sync::broadcast::{self, error::RecvError};

/// Announces within the process: for a service that is alone, and for tests.
#[derive(Debug)]
pub struct MemoryInvalidationBus(broadcast::Sender<WorkloadSlug>);

impl MemoryInvalidationBus {
    /// How many announcements a slow listener may be behind; with more it
    /// forgets everything.
    const BACKLOG: usize = 1024;
}

impl Default for MemoryInvalidationBus {
    fn default() -> Self {
        Self(broadcast::Sender::new(Self::BACKLOG))
    }
}

#[async_trait]
impl InvalidationBus for MemoryInvalidationBus {
    async fn announce(&self, workload: &WorkloadSlug) -> Result<(), StoreError> {
        // It fails where nobody listens, and then nobody has anything to forget.
        _ = self.0.send(workload.clone());
        Ok(())
    }

    async fn listen(&self, listener: &dyn ForgetRankings) {
        let mut announcements = self.0.subscribe();
        listener.forget_everything().await;
        loop {
            match announcements.recv().await {
                Ok(workload) => listener.forget(&workload).await,
                Err(RecvError::Lagged(_)) => listener.forget_everything().await,
                Err(RecvError::Closed) => return,
            }
        }
    }
}
