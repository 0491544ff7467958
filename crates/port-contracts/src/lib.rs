//! The suites that every adapter must pass: what the documentation of the
//! ports promises, one case per promise. Adapters have this crate as a
//! dev-dependency; nothing of it runs in the service.
//!
//! - [`store_contract!`] for whatever stores runs, rankings, the catalogue and
//!   keys, [`persistence_contract!`] for those that outlive their process,
//!   [`api_key_store_contract!`] for a store of keys alone;
//! - [`ranking_cache_contract!`] for caches of rankings,
//!   [`shared_ranking_cache_contract!`] for those that are in a server;
//! - [`rate_limiter_contract!`] and [`invalidation_bus_contract!`];
//! - [`fixtures`] and [`StoppedClock`], of use in other tests too.
//!
//! A new adapter begins with the macro, which expands to one named test per
//! case; its crate needs tokio's `macros` and `rt-multi-thread`. To add a case,
//! write an async function into the module of its port and name it in
//! `cases.rs`.
//!
//! ```no_run
//! use benchmark_port_contracts::{Place, Stores};
//!
//! /// Where a test keeps what it stores: here, a folder of its own.
//! struct Folder;
//!
//! #[benchmark_port_contracts::async_trait]
//! impl Place for Folder {
//!     async fn fresh() -> Self {
//!         Folder
//!     }
//!
//!     async fn open(&self) -> Stores {
//!         unreachable!("Stores::of(Arc::new(the adapter))")
//!     }
//! }
//!
//! benchmark_port_contracts::store_contract!(Folder);
//! benchmark_port_contracts::persistence_contract!(Folder);
//! # fn main() {}
//! ```

#![expect(clippy::unwrap_used, reason = "in a contract, what cannot be set up is a failed test")]

mod cases;
mod place;
mod publishing;
mod recording;
mod stopped_clock;

pub mod api_key_store;
pub mod catalogue;
pub mod fixtures;
pub mod health;
pub mod invalidation_bus;
pub mod persistence;
pub mod publications;
pub mod ranking_cache;
pub mod ranking_publisher;
pub mod ranking_reader;
pub mod rate_limiter;
pub mod run_store;

pub use async_trait::async_trait;
pub use place::{Place, Stores};
pub use stopped_clock::StoppedClock;
