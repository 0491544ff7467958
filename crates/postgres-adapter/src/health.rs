use async_trait::async_trait;
use benchmark_ports::{HealthCheck, StoreError};

use crate::PostgresStore;

#[async_trait]
impl HealthCheck for PostgresStore {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.ping().await
    }
}
