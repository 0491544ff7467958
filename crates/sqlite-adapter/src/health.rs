use async_trait::async_trait;
use benchmark_ports::{HealthCheck, StoreError};
use diesel::prelude::*;

use crate::SqliteStore;
use crate::schema::metrics;

#[async_trait]
impl HealthCheck for SqliteStore {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.read(|connection| {
            metrics::table.select(metrics::name).first::<String>(connection)?;
            Ok(())
        })
        .await
    }
}
