use std::sync::Arc;
use std::time::Duration;

use ::redis::{Cmd, RedisError};
use async_trait::async_trait;
use benchmark_ports::{RateDecision, RateLimit, RateLimiter};

use crate::redis::Redis;
use crate::script::Script;

/// Counts in Redis, so that a limit holds for all replicas together. The time
/// is that of Redis: the clocks of the replicas may differ.
pub struct RedisRateLimiter {
    redis: Redis,
    name: String,
    limit: RateLimit,
    fallback: Arc<dyn RateLimiter>,
    script: Script,
}

impl RedisRateLimiter {
    /// A limiter of this limit. Those of one `name` share what they count.
    /// While Redis does not answer, `fallback` decides.
    pub fn new(redis: Redis, name: &str, limit: RateLimit, fallback: Arc<dyn RateLimiter>) -> Self {
        let name = redis.named(&format!("rate:{name}:"));
        Self { redis, name, limit, fallback, script: Script::new(include_str!("rate_limiter.lua")) }
    }

    async fn ask(&self, subject: &str) -> Result<RateDecision, RedisError> {
        let RateLimit { requests, period } = self.limit;
        // Rounded up, so that no more than the limit come back.
        let interval = period.as_micros().div_ceil(requests.get().into());
        let interval = u64::try_from(interval).unwrap_or(u64::MAX);
        let key = format!("{}{subject}", self.name);
        let arguments = |command: &mut Cmd| {
            command.arg(1).arg(&key).arg(interval).arg(requests.get());
        };
        let (allowed, remaining, retry_after, reset_after) =
            self.script.run(&self.redis, arguments).await?;
        Ok(RateDecision {
            allowed,
            remaining,
            retry_after: Duration::from_micros(retry_after),
            reset_after: Duration::from_micros(reset_after),
        })
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    fn limit(&self) -> RateLimit {
        self.limit
    }

    async fn take(&self, subject: &str) -> RateDecision {
        match self.ask(subject).await {
            Ok(decision) => decision,
            Err(_) => self.fallback.take(subject).await,
        }
    }
}
