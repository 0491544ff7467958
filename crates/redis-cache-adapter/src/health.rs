use async_trait::async_trait;
use benchmark_ports::{HealthCheck, StoreError};

use crate::redis::Redis;

#[async_trait]
impl HealthCheck for Redis {
    fn name(&self) -> &'static str {
        "cache"
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.probe().await.map_err(StoreError::unavailable)
    }
}
