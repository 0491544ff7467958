//! What replicas share through Redis: encoded rankings, rate limits, and word
//! of what no longer holds.
//!
//! The server connects once, puts [`RedisRankingCache`] behind its in-process
//! cache, and has that one forget what [`RedisInvalidationBus`] hears of.
//! Nothing here is needed to answer: while Redis is down, slow or refuses,
//! rankings are loaded, the in-process limiter decides, and a read is held up
//! by no more than the response deadline, a few times, then not at all.
//!
//! [`Redis`] is the connections and the breaker in front of them,
//! `connections.rs` who uses which, `connector.rs` the arrangements of servers
//! (one, Sentinel, Cluster), `encoding.rs` what an
//! answer looks like in Redis. One port per file, under the names that the
//! other adapters use. To add a port: a file that talks through `Redis::run`,
//! and decides what to do without an answer.
//!
//! ```
//! use benchmark_ports::HealthCheck;
//! use benchmark_redis_cache_adapter::{InvalidRedisConfig, Redis, RedisConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), InvalidRedisConfig> {
//! // Nobody listens there, which is no reason not to start.
//! let redis = Redis::connect(&RedisConfig::from_url("redis://127.0.0.1:1")?).await?;
//! assert!(!redis.status().answers);
//! assert!(redis.check().await.is_err());
//! # Ok(())
//! # }
//! ```

mod breaker;
mod config;
mod connection;
mod connections;
mod connector;
mod deadline;
mod encoding;
mod flights;
mod health;
mod host;
mod invalid_config;
mod invalidation_bus;
mod question;
mod ranking_cache;
mod rate_limiter;
mod redis;
mod script;

pub use config::{RedisConfig, RedisMode, RedisTls, SentinelAccount};
pub use host::RedisHost;
pub use invalid_config::InvalidRedisConfig;
pub use invalidation_bus::RedisInvalidationBus;
pub use ranking_cache::RedisRankingCache;
pub use rate_limiter::RedisRateLimiter;
pub use redis::{Redis, RedisStatus};
