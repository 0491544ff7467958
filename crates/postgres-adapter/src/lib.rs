//! The store on PostgreSQL: every store port over one database, for a service of
//! several processes, with nothing but Rust between the two.
//!
//! The server opens it where a PostgreSQL is configured. Any number of processes
//! may have the same database open.
//!
//! ```
//! use benchmark_ports::{PageLimit, RunFilter, RunStore};
//! use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = benchmark_test_servers::PostgresServer::start();
//! # let url = server.url();
//! let config = PostgresConfig::from_url(&url)?;
//! let store = PostgresStore::open(&config).await?;
//! let runs = store.runs(&RunFilter::default(), None, PageLimit::default()).await?;
//! assert_eq!(runs, Some(vec![]));
//! # Ok(())
//! # }
//! ```
//!
//! # Where is what
//!
//! One port per file, under the names that the other adapters use. `store.rs` is
//! what the ports are implemented for; `servers.rs` sends calls to a server, tries
//! again where that helps and finds out what a failure means; `primary.rs` knows
//! which host accepts writes, `replicas.rs` which may be read; `pool.rs`,
//! `connection.rs`, `session.rs` and `tls.rs` make connections; `migrations.rs`
//! creates and upgrades the tables; `schema.rs` is what diesel knows of them, and
//! `rows/` holds their rows. To add a column: a new folder in
//! `migrations/postgres`, its line in `schema.rs`, its field in the row. To add a
//! port: implement its trait for [`PostgresStore`] in a file of its own.
//!
//! # What a caller may rely on
//!
//! - A call ends, whoever waits for it. A server that cannot be reached, or shows
//!   no sign of life, is [unavailable](benchmark_ports::StoreError::Unavailable)
//!   within [`acquire_timeout`](PostgresConfig::acquire_timeout); a statement that
//!   waits for a lock is within
//!   [`statement_timeout`](PostgresConfig::statement_timeout).
//! - Recording takes as many statements for a thousand runs as for one. Writers
//!   wait for each other only over what both write, and in no circle.
//! - Rankings, runs and the catalogue are read from streaming replicas, in turn,
//!   where there are some: from those that lag no more than
//!   [`max_replica_lag`](PostgresConfig::max_replica_lag) and have everything that
//!   this process wrote, and from the primary where none has. API keys are read
//!   from the primary: one that was revoked is so at once.
//! - With several hosts, writes go to whichever accepts them. Once a standby is
//!   promoted, the next call finds it.
//!
//! # What it runs on
//!
//! Run by the tests: PostgreSQL 15, alone, with streaming standbys, and behind
//! PgBouncer 1.18 in transaction mode ([`Pooler::Transaction`]). Only read about:
//! - Aurora: a reader endpoint does not tell how far it has replayed, and so
//!   would not be read as one of
//!   [`replica_hosts`](PostgresConfig::replica_hosts); everything else is plain
//!   PostgreSQL.
//! - Citus: works on the coordinator, with the tables as they are.
//! - YugabyteDB: not every version has advisory locks, hence
//!   [`MigrationLock::None`]; conflicts are tried again.
//!
//! There is no `LISTEN`, no trigger, and in a call nothing that one transaction
//! leaves behind for the next.

mod access;
mod api_key_store;
mod built_in_metrics;
mod bulk_insert;
mod catalogue;
mod columns;
mod config;
mod connect_error;
mod connection;
mod contenders;
mod examination;
mod failure;
mod fence;
mod health;
mod log;
mod migrations;
mod open_error;
mod pool;
mod pooled_runs;
mod primary;
mod ranking_publisher;
mod ranking_reader;
mod record;
mod replicas;
mod rows;
mod run_store;
mod schema;
mod servers;
mod session;
mod store;
mod submission;
mod tls;
mod transaction;

pub use access::{Access, Host, InvalidUrl, SslMode};
pub use config::{MigrationLock, Pooler, PostgresConfig};
pub use migrations::{MigrationStatus, migrate, revert, status};
pub use open_error::OpenError;
pub use pool::PoolStatus;
pub use store::PostgresStore;
