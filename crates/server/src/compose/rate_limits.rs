use std::sync::Arc;

use benchmark_actix_http::RateLimits;
use benchmark_memory_adapter::MemoryRateLimiter;
use benchmark_ports::{Clock, RateLimit, RateLimiter};
use benchmark_redis_cache_adapter::{Redis, RedisRateLimiter};

use crate::config::RateLimitConfig;

/// The limits as they are configured: counted in Redis for all replicas
/// together, where there is one, else by each process alone.
pub(crate) fn rate_limits(
    config: RateLimitConfig,
    redis: Option<&Redis>,
    clock: &Arc<dyn Clock>,
) -> RateLimits {
    let limiter = |name: &str, limit: RateLimit| -> Arc<dyn RateLimiter> {
        let alone = Arc::new(MemoryRateLimiter::new(limit, Arc::clone(clock)));
        match redis {
            Some(redis) => Arc::new(RedisRateLimiter::new(redis.clone(), name, limit, alone)),
            None => alone,
        }
    };
    let RateLimitConfig { per_key, per_address, failed_authentications, trusted_proxies } = config;
    RateLimits {
        per_key: per_key.map(|limit| limiter("key", limit)),
        per_address: per_address.map(|limit| limiter("address", limit)),
        failed_authentications: failed_authentications.map(|limit| limiter("failed_auth", limit)),
        trusted_proxies,
    }
}
