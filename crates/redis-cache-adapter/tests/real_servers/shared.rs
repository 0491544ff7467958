//! What several processes see of each other's answers.

use std::sync::Arc;
use std::time::Duration;

use benchmark_port_contracts::fixtures::{at, slug};
use benchmark_port_contracts::{StoppedClock, async_trait};
use benchmark_ports::{HealthCheck, LoadError, LoadRanking, Loaded, RankingQuery};
use benchmark_test_servers::RedisServer;
use tokio::sync::Notify;

use crate::fixture::{
    CLUSTER, Loader, STANDALONE, about, ask, cache, cache_with, cluster, connect, keeps, patient,
    standalone,
};

#[tokio::test]
async fn what_one_process_loaded_another_does_not_load() {
    let config = patient(standalone(&STANDALONE));
    let (one, other) = (connect(&config).await, connect(&config).await);
    let loader = Loader::default();
    for cache in [cache(&one), cache(&other)] {
        assert_eq!(ask(&cache, "w", &loader).await, 1);
    }
    assert_eq!(loader.loads(), 1);
}

#[tokio::test]
async fn what_one_process_forgets_the_others_load_again() {
    for mode in [standalone(&STANDALONE), cluster(&CLUSTER)] {
        let config = patient(mode);
        let caches = [cache(&connect(&config).await), cache(&connect(&config).await)];
        let loader = Loader::default();
        assert_eq!(ask(&caches[0], "w", &loader).await, 1);
        caches[1].forget(&slug("w")).await;
        assert_eq!(ask(&caches[0], "w", &loader).await, 2);
        assert_eq!(ask(&caches[1], "w", &loader).await, 2);
        caches[0].forget_everything().await;
        assert_eq!(ask(&caches[1], "w", &loader).await, 3);
    }
}

/// A load that tells when it begins, and ends when it is told to.
#[derive(Default)]
struct Slow {
    loader: Loader,
    begun: Notify,
    end: Notify,
}

#[async_trait]
impl LoadRanking for Slow {
    async fn load(&self, query: &RankingQuery) -> Result<Loaded, LoadError> {
        self.begun.notify_one();
        self.end.notified().await;
        self.loader.load(query).await
    }
}

/// The one who asks later has heard of the forgetting: sharing the load from
/// before would give it an answer that no longer holds, to keep.
#[tokio::test]
async fn who_asks_after_another_process_forgot_does_not_share_a_load_from_before() {
    let config = patient(standalone(&STANDALONE));
    let (one, other) = (cache(&connect(&config).await), cache(&connect(&config).await));
    let slow = Arc::new(Slow::default());
    let early = tokio::spawn({
        let (one, slow) = (one.clone(), slow.clone());
        async move { one.get_or_load(&about("w"), &*slow).await.unwrap() }
    });
    slow.begun.notified().await;
    other.forget(&slug("w")).await;
    let later = Loader::default();
    assert_eq!(ask(&one, "w", &later).await, 1);
    slow.end.notify_one();
    early.await.unwrap();
    assert_eq!(ask(&one, "w", &later).await, 1);
    assert_eq!((later.loads(), slow.loader.loads()), (1, 1));
}

#[tokio::test]
async fn other_prefixes_are_other_caches() {
    let (one, other) = (patient(standalone(&STANDALONE)), patient(standalone(&STANDALONE)));
    let caches = [cache(&connect(&one).await), cache(&connect(&other).await)];
    let loader = Loader::default();
    assert_eq!(ask(&caches[0], "w", &loader).await, 1);
    assert_eq!(ask(&caches[1], "w", &loader).await, 2);
    caches[1].forget_everything().await;
    assert_eq!(ask(&caches[0], "w", &loader).await, 1);
}

#[tokio::test]
async fn whatever_else_stands_at_an_answers_key_is_a_miss_and_replaced() {
    let server = RedisServer::start();
    let redis = connect(&patient(standalone(&server))).await;
    let cache = cache(&redis);
    let loader = Loader::default();
    ask(&cache, "w", &loader).await;
    let key = server.cli(&["--scan", "--pattern", "*:answer:*"]);
    for disturbance in [
        // Another version; a changed byte; nothing at all; nothing of ours.
        ["SETRANGE", &key, "0", "\u{7f}"].as_slice(),
        ["SETRANGE", &key, "30", "\u{7f}"].as_slice(),
        ["SET", &key, ""].as_slice(),
        ["SET", &key, "<html>"].as_slice(),
    ] {
        let before = loader.loads();
        assert_eq!(ask(&cache, "w", &loader).await, before);
        server.cli(disturbance);
        assert_eq!(ask(&cache, "w", &loader).await, before + 1, "{disturbance:?}");
    }
    assert!(redis.status().answers);
    assert_eq!(redis.status().outages, 0);
}

#[tokio::test]
async fn an_evicted_generation_takes_its_answers_with_it() {
    let server = RedisServer::start();
    let cache = cache(&connect(&patient(standalone(&server))).await);
    let loader = Loader::default();
    ask(&cache, "w", &loader).await;
    server.cli(&["DEL", &server.cli(&["--scan", "--pattern", "*:generation"])]);
    assert_eq!(ask(&cache, "w", &loader).await, 2);
    assert_eq!(ask(&cache, "w", &loader).await, 2);
}

#[tokio::test]
async fn redis_expires_answers_a_little_early_and_generations_much_later() {
    let server = RedisServer::start();
    let redis = connect(&patient(standalone(&server))).await;
    let clock = Arc::new(StoppedClock::at(at(0)));
    let cache = cache_with(&redis, Duration::from_secs(1000), 1 << 20, clock);
    for i in 0..20 {
        ask(&cache, &format!("w{i}"), &Loader::default()).await;
    }
    let keys = server.cli(&["--scan", "--pattern", "*:answer:*"]);
    let lives: Vec<u64> =
        keys.lines().map(|key| server.cli(&["PTTL", key]).parse().unwrap()).collect();
    assert_eq!(lives.len(), 20);
    assert!(lives.iter().all(|life| (890_000..=1_000_000).contains(life)), "{lives:?}");
    assert!(lives.iter().max().unwrap() - lives.iter().min().unwrap() > 10_000, "{lives:?}");
    for key in server.cli(&["--scan", "--pattern", "*:generation"]).lines() {
        assert!(server.cli(&["TTL", key]).parse::<u64>().unwrap() > 80_000);
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_stored() {
    let server = RedisServer::start();
    let redis = connect(&patient(standalone(&server))).await;
    let clock = Arc::new(StoppedClock::at(at(0)));
    assert!(!keeps(&cache_with(&redis, Duration::from_secs(60), 0, clock.clone()), "w").await);
    assert_eq!(server.cli(&["--scan", "--pattern", "*:answer:*"]), "");
    assert!(keeps(&cache_with(&redis, Duration::from_secs(60), 1, clock), "w").await);
}

/// Redis without memory refuses to store, and goes on answering.
#[tokio::test]
async fn a_full_redis_is_done_without() {
    let server = RedisServer::start();
    let redis = connect(&patient(standalone(&server))).await;
    let cache = cache(&redis);
    let loader = Loader::default();
    assert_eq!(ask(&cache, "w", &loader).await, 1);
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    assert!(!keeps(&cache, "other").await);
    assert_eq!(ask(&cache, "w", &loader).await, 1, "what is kept is still there");
    redis.check().await.unwrap();
    assert_eq!(redis.status().outages, 0);
}
