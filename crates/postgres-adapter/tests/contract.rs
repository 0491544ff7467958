//! The suites of the ports, each test in a schema of its own.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use benchmark_port_contracts::{Place, Stores, async_trait, persistence_contract, store_contract};
use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
use benchmark_test_servers::{PostgresSchema, PostgresServer};

struct Schema(PostgresSchema);

#[async_trait]
impl Place for Schema {
    async fn fresh() -> Self {
        Self(PostgresServer::shared().schema())
    }

    async fn open(&self) -> Stores {
        let mut config = PostgresConfig::from_url(&self.0.url()).unwrap();
        // The tests run at once, on one server.
        config.pool_size = NonZeroUsize::new(4).unwrap();
        config.acquire_timeout = Duration::from_secs(20);
        config.connect_timeout = Duration::from_secs(20);
        Stores::of(Arc::new(PostgresStore::open(&config).await.unwrap()))
    }
}

store_contract!(Schema);
persistence_contract!(Schema);
