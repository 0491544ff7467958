use async_trait::async_trait;
use benchmark_ports::{HealthCheck, StoreError};

use crate::MemoryStore;

#[async_trait]
impl HealthCheck for MemoryStore {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
