//! Limits that processes share, and what decides without Redis.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use benchmark_port_contracts::async_trait;
use benchmark_ports::{RateDecision, RateLimit, RateLimiter};
use benchmark_redis_cache_adapter::{Redis, RedisRateLimiter};
use benchmark_test_servers::RedisServer;

use crate::fixture::{config, connect, patient, standalone, until};

const LIMIT: RateLimit =
    RateLimit { requests: NonZeroU32::new(10).unwrap(), period: Duration::from_secs(3600) };

/// Lets everything go on, and counts it.
#[derive(Default)]
struct Lenient(AtomicUsize);

impl Lenient {
    fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl RateLimiter for Lenient {
    fn limit(&self) -> RateLimit {
        LIMIT
    }

    async fn take(&self, _: &str) -> RateDecision {
        self.0.fetch_add(1, Ordering::SeqCst);
        let (retry_after, reset_after) = (Duration::ZERO, Duration::ZERO);
        RateDecision { allowed: true, remaining: 9, retry_after, reset_after }
    }
}

fn limiter(redis: &Redis, name: &str, fallback: &Arc<Lenient>) -> RedisRateLimiter {
    RedisRateLimiter::new(redis.clone(), name, LIMIT, fallback.clone())
}

#[tokio::test]
async fn processes_count_together() {
    let (server, fallback) = (RedisServer::start(), Arc::default());
    let config = patient(standalone(&server));
    let (one, other) = (connect(&config).await, connect(&config).await);
    let limiters = [limiter(&one, "keys", &fallback), limiter(&other, "keys", &fallback)];
    for taken in 0..10 {
        let decision = limiters[taken % 2].take("a").await;
        assert!(decision.allowed);
        assert_eq!(decision.remaining as usize, 9 - taken);
    }
    assert!(!limiters[0].take("a").await.allowed);
    assert!(!limiters[1].take("a").await.allowed);
    assert_eq!(limiter(&one, "addresses", &fallback).take("a").await.remaining, 9);
    assert_eq!(fallback.asked(), 0);
}

#[tokio::test]
async fn what_is_counted_is_gone_once_it_does_not_matter() {
    let (server, fallback) = (RedisServer::start(), Arc::default());
    let redis = connect(&patient(standalone(&server))).await;
    let limiter = limiter(&redis, "keys", &fallback);
    let decision = limiter.take("a").await;
    let key = server.cli(&["--scan", "--pattern", "*rate:keys:a"]);
    let life: u128 = server.cli(&["PTTL", &key]).parse().unwrap();
    assert!(life > 0 && life <= decision.reset_after.as_millis() + 1, "{life}");
}

#[tokio::test]
async fn without_redis_the_fallback_decides() {
    let (mut server, fallback) = (RedisServer::start(), Arc::default());
    let redis = connect(&config(standalone(&server))).await;
    let limiter = limiter(&redis, "keys", &fallback);
    until(Duration::from_secs(5), async || limiter.take("a").await.remaining < 9).await;
    let asked = fallback.asked();
    server.kill();
    for calls in 1..20 {
        assert!(limiter.take("a").await.allowed);
        assert_eq!(fallback.asked(), asked + calls);
    }
    // Back, without the script: it is loaded again.
    server.restart();
    until(Duration::from_secs(5), async || {
        let asked = fallback.asked();
        limiter.take("a").await;
        fallback.asked() == asked
    })
    .await;
}
