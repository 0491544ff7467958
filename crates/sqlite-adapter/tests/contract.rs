//! The suites of the ports, over a file in a folder of each test's own.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::sync::Arc;

use benchmark_port_contracts::{Place, Stores, async_trait, persistence_contract, store_contract};
use benchmark_sqlite_adapter::SqliteStore;
use tempfile::TempDir;

struct Folder(TempDir);

#[async_trait]
impl Place for Folder {
    async fn fresh() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Stores {
        let file = self.0.path().join("benchmark.db");
        Stores::of(Arc::new(SqliteStore::open(&file).await.unwrap()))
    }
}

store_contract!(Folder);
persistence_contract!(Folder);
