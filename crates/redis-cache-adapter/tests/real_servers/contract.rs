//! The suites of the ports, in each arrangement of servers.

use std::sync::Arc;
use std::time::Duration;

use benchmark_port_contracts::{
    async_trait, invalidation_bus_contract, rate_limiter_contract, shared_ranking_cache_contract,
};
use benchmark_ports::{Clock, InvalidationBus, RankingCache, RateDecision, RateLimit, RateLimiter};
use benchmark_redis_cache_adapter::{RedisInvalidationBus, RedisMode, RedisRateLimiter};

use crate::fixture::{self, CLUSTER, SENTINELS, STANDALONE, cache_with, connect, patient};

/// A limiter that must not be needed.
struct NoFallback(RateLimit);

#[async_trait]
impl RateLimiter for NoFallback {
    fn limit(&self) -> RateLimit {
        self.0
    }

    async fn take(&self, _: &str) -> RateDecision {
        panic!("Redis answers");
    }
}

macro_rules! contract {
    ($name:ident, $mode:expr) => {
        mod $name {
            use super::*;

            fn mode() -> RedisMode {
                $mode
            }

            async fn cache(
                ttl: Duration,
                bytes: u64,
                clock: Arc<dyn Clock>,
            ) -> Arc<dyn RankingCache> {
                let redis = connect(&patient(mode())).await;
                cache_with(&redis, ttl, bytes as usize, clock)
            }

            async fn limiter(limit: RateLimit) -> Arc<dyn RateLimiter> {
                let redis = connect(&patient(mode())).await;
                Arc::new(RedisRateLimiter::new(redis, "keys", limit, Arc::new(NoFallback(limit))))
            }

            async fn ends() -> [Arc<dyn InvalidationBus>; 2] {
                let config = patient(mode());
                let (one, other) = (connect(&config).await, connect(&config).await);
                [one, other].map(|redis| Arc::new(RedisInvalidationBus::new(redis)) as Arc<_>)
            }

            shared_ranking_cache_contract!(cache);
            rate_limiter_contract!(limiter);
            invalidation_bus_contract!(ends);
        }
    };
}

contract!(standalone, fixture::standalone(&STANDALONE));
contract!(sentinel, fixture::sentinel(&SENTINELS));
contract!(cluster, fixture::cluster(&CLUSTER));
