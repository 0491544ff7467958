//! What a single process can do without a server.
//!
//! - [`MemoryRankingCache`] keeps encoded rankings within a bounded number of
//!   bytes, [`LastGoodRankings`] falls back on older ones while there are no new
//!   ones, [`CachedApiKeys`] and [`CachedCatalogue`] keep what other stores said
//!   of keys and metrics for a few seconds. The server puts them in front of its
//!   stores.
//! - [`MemoryRateLimiter`] and [`MemoryInvalidationBus`] are for a service that
//!   is alone; the former also where replicas cannot count together.
//! - [`MemoryStore`] plays every store in memory, for tests of what is built
//!   on the ports: it passes the same suite as the real ones, in one line.
//!
//! One port per file, under the names that the other adapters use. To add a
//! port to [`MemoryStore`], implement it over `State` in a file of its own.
//!
//! ```
//! use std::sync::Arc;
//! use benchmark_domain::metrics;
//! use benchmark_memory_adapter::MemoryStore;
//! use benchmark_ports::{Catalogue, StoreError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let catalogue: Arc<dyn Catalogue> = Arc::new(MemoryStore::default());
//! assert_eq!(catalogue.metrics().await?.len(), metrics::BUILT_IN.len());
//! # Ok(())
//! # }
//! ```

mod api_key_store;
mod cached_api_keys;
mod cached_catalogue;
mod catalogue;
mod expiring_cache;
mod generations;
mod health;
mod invalidation_bus;
mod last_good_rankings;
mod ranking_cache;
mod ranking_publisher;
mod ranking_reader;
mod rate_limiter;
mod respite;
mod run_store;
mod store;

pub use cached_api_keys::CachedApiKeys;
pub use cached_catalogue::CachedCatalogue;
pub use invalidation_bus::MemoryInvalidationBus;
pub use last_good_rankings::{LastGoodRankings, Staleness};
pub use ranking_cache::MemoryRankingCache;
pub use rate_limiter::MemoryRateLimiter;
pub use store::MemoryStore;
