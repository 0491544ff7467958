//! The roles that the application needs played: stores, caches, a clock, a
//! source of randomness. One file per role.
//!
//! The application calls these traits as `Arc<dyn Role>`; adapters implement
//! them. One method is one atomic operation, so that no transaction crosses a
//! port. What a method's documentation promises, the suites of
//! `benchmark-port-contracts` test, for every adapter alike.
//!
//! To add a role: a file here with the trait and the types that it alone
//! needs, a suite in `port-contracts`, an implementation in `memory-adapter`
//! for tests, then the real one.
//!
//! ```
//! use benchmark_ports::{Clock, Timestamp};
//!
//! /// A clock that a test sets.
//! struct Stopped(Timestamp);
//!
//! impl Clock for Stopped {
//!     fn now(&self) -> Timestamp {
//!         self.0
//!     }
//! }
//! assert_eq!(Stopped(Timestamp::UNIX_EPOCH).now(), Timestamp::UNIX_EPOCH);
//! ```

mod api_key_store;
mod catalogue;
mod clock;
mod document;
mod forget_rankings;
mod health;
mod idempotency;
mod invalidation_bus;
mod noted_loader;
mod other_label;
mod page;
mod randomness;
mod ranking_cache;
mod ranking_encoder;
mod ranking_publisher;
mod ranking_reader;
mod rate_limiter;
mod run_store;
mod store_error;

pub use api_key_store::{ApiKey, ApiKeyId, ApiKeyStore, KeyHash, Scope, Scopes};
pub use benchmark_domain::Timestamp;
pub use catalogue::{AddMetric, Catalogue};
pub use clock::Clock;
pub use document::Document;
pub use forget_rankings::ForgetRankings;
pub use health::HealthCheck;
pub use idempotency::{IdempotencyKey, InvalidIdempotencyKey, Submission};
pub use invalidation_bus::InvalidationBus;
pub use noted_loader::NotedLoader;
pub use other_label::{OtherLabel, OtherLabels};
pub use page::{InvalidPageLimit, PageLimit};
pub use randomness::Randomness;
pub use ranking_cache::{
    Freshness, LoadError, LoadRanking, Loaded, RankingCache, RankingQuery, Served, Subject,
};
pub use ranking_encoder::{RankingEncoder, RankingView};
pub use ranking_publisher::{PublishOutcome, RankingPublisher};
pub use ranking_reader::{Contenders, CurrentRanking, RankingReader, Revision};
pub use rate_limiter::{RateDecision, RateLimit, RateLimiter};
pub use run_store::{
    RecordOutcome, RecordedRun, RecordedRuns, Recording, RunFilter, RunStore, SUBMISSIONS_KEPT,
};
pub use store_error::StoreError;
