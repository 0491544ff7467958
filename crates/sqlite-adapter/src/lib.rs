//! The embedded store: every store port over one SQLite file, for a service
//! that needs no database server.
//!
//! The server opens it where nothing else is configured. Several processes may
//! have the same file open: one writes at a time, and readers never wait.
//!
//! One port per file, under the names that the other adapters use;
//! `store.rs` holds the connections, `migrations.rs` creates and upgrades the
//! file, `schema.rs` is what diesel knows of the tables, and `rows/` holds the
//! rows that two ports share. To add a column: a new folder in
//! `migrations/sqlite`, its line in `schema.rs`, its field in the row. To add a
//! port: implement its trait for [`SqliteStore`] in a file of its own.
//!
//! ```
//! use benchmark_ports::{RunFilter, RunStore, PageLimit};
//! use benchmark_sqlite_adapter::SqliteStore;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let store = SqliteStore::open(&folder.join("data/benchmark.db")).await?;
//! let runs = store.runs(&RunFilter::default(), None, PageLimit::default()).await?;
//! assert_eq!(runs, Some(vec![]));
//! # Ok(())
//! # }
//! ```

// Only its feature matters: it builds SQLite into the binary.
use libsqlite3_sys as _;

mod api_key_store;
mod catalogue;
mod columns;
mod connection;
mod contenders;
mod failure;
mod health;
mod listing;
mod migrations;
mod open_error;
mod pooled_runs;
mod ranking_publisher;
mod ranking_reader;
mod rows;
mod run_store;
mod schema;
mod store;
mod submission;

pub use migrations::{MigrationStatus, migrate, revert, status};
pub use open_error::OpenError;
pub use store::SqliteStore;
