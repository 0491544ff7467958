//! Redis down, hung and back again.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use benchmark_port_contracts::fixtures::slug;
use benchmark_ports::HealthCheck;
use benchmark_redis_cache_adapter::{RedisConfig, RedisStatus};
use benchmark_test_servers::RedisServer;
use tokio::time::timeout;

use crate::fixture::{Loader, ask, cache, config, connect, keeps, patient, standalone, until};

/// How soon everything has to be as before once Redis is.
const BACK: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_start_without_redis_is_a_start() {
    let mut server = RedisServer::start();
    server.kill();
    let begun = Instant::now();
    let redis = connect(&config(standalone(&server))).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(redis.status(), RedisStatus { answers: false, outages: 1 });
    assert_eq!(ask(&cache(&redis), "w", &Loader::default()).await, 1);
    assert!(redis.check().await.is_err());
    server.restart();
    until(BACK, async || keeps(&cache(&redis), "w").await).await;
    redis.check().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_was_killed_is_done_without_and_used_again_once_back() {
    let mut server = RedisServer::start();
    let redis = connect(&config(standalone(&server))).await;
    let (cache, loader) = (cache(&redis), Loader::default());
    until(BACK, async || keeps(&cache, "w").await).await;
    server.kill();
    for load in 1..100 {
        assert_eq!(ask(&cache, "other", &loader).await, load, "every answer is loaded");
    }
    let status = redis.status();
    assert!(!status.answers);
    server.restart();
    until(BACK, async || keeps(&cache, "w").await).await;
    assert!(redis.status().answers);
}

#[tokio::test]
async fn a_hung_redis_costs_three_deadlines_then_nothing() {
    let server = RedisServer::start();
    // The deadlines are those of production: 50 ms.
    let redis = connect(&config(standalone(&server))).await;
    let (cache, loader) = (cache(&redis), Loader::default());
    until(BACK, async || keeps(&cache, "w").await).await;
    let outages = redis.status().outages;

    server.freeze();
    let mut waits = vec![];
    for _ in 0..50 {
        let asked = Instant::now();
        ask(&cache, "w", &loader).await;
        waits.push(asked.elapsed());
    }
    let longest = waits.iter().max().unwrap();
    assert!(*longest < 5 * RedisConfig::RESPONSE_TIMEOUT, "{waits:?}");
    let held_up = |wait: &&Duration| **wait >= RedisConfig::RESPONSE_TIMEOUT;
    // Three, and what a busy machine adds.
    assert!((3..6).contains(&waits.iter().filter(held_up).count()), "{waits:?}");
    assert_eq!(loader.loads(), 50);
    assert_eq!(redis.status(), RedisStatus { answers: false, outages: outages + 1 });
    let asked = Instant::now();
    assert!(redis.check().await.is_err());
    assert!(asked.elapsed() < RedisConfig::RESPONSE_TIMEOUT);

    server.thaw();
    let back = until(BACK, async || keeps(&cache, "w").await).await;
    println!("back after {back:?}");
}

/// Whoever waits for a hung Redis does so at the same time as all others.
#[tokio::test]
async fn a_hung_redis_holds_up_many_at_once_no_longer_than_one() {
    let server = RedisServer::start();
    let redis = connect(&config(standalone(&server))).await;
    let cache = cache(&redis);
    until(BACK, async || keeps(&cache, "w").await).await;
    server.freeze();
    let asked = Instant::now();
    let asking: Vec<_> = (0..200)
        .map(|i| {
            let cache = cache.clone();
            tokio::spawn(async move { ask(&cache, &format!("w{i}"), &Loader::default()).await })
        })
        .collect();
    for task in asking {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert!(asked.elapsed() < 10 * RedisConfig::RESPONSE_TIMEOUT, "{:?}", asked.elapsed());
}

/// Otherwise the answers from before would be served until they expire.
#[tokio::test]
async fn what_was_forgotten_while_redis_was_away_is_forgotten_when_it_is_back() {
    let server = RedisServer::start();
    let redis = connect(&config(standalone(&server))).await;
    let cache = cache(&redis);
    let loader = Loader::default();
    until(BACK, async || keeps(&cache, "w").await).await;
    until(BACK, async || keeps(&cache, "everything").await).await;
    ask(&cache, "w", &loader).await;
    assert_eq!(loader.loads(), 0);

    let away = async || {
        server.freeze();
        until(BACK, async || {
            ask(&cache, "other", &Loader::default()).await;
            !redis.status().answers
        })
        .await;
    };
    let back = async || {
        server.thaw();
        until(BACK, async || redis.status().answers).await;
    };
    away().await;
    cache.forget(&slug("w")).await;
    back().await;
    assert_eq!(ask(&cache, "w", &loader).await, 1);
    ask(&cache, "everything", &loader).await;
    assert_eq!(loader.loads(), 1, "nothing else is forgotten");

    away().await;
    cache.forget_everything().await;
    back().await;
    ask(&cache, "everything", &loader).await;
    assert_eq!(loader.loads(), 2);
}

#[tokio::test]
async fn a_server_that_turns_read_only_is_left() {
    let (mut server, other) = (RedisServer::start(), RedisServer::start());
    let redis = connect(&patient(standalone(&server))).await;
    let cache = cache(&redis);
    assert!(keeps(&cache, "w").await);
    server.cli(&["REPLICAOF", "127.0.0.1", &other.port().to_string()]);
    cache.forget(&slug("w")).await;
    assert!(!redis.status().answers, "it could not forget");
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    until(BACK, async || redis.status().answers).await;
    let loader = Loader::default();
    assert_eq!(ask(&cache, "w", &loader).await, 1, "what was kept before is forgotten");
    server.kill();
}

/// Each worker of a web server is a runtime of its own, and ends at its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_outlives_the_runtimes_that_use_it() {
    let server = RedisServer::start();
    let redis = connect(&patient(standalone(&server))).await;
    let cache = cache(&redis);
    for _ in 0..5 {
        let worker = cache.clone();
        let worker = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap();
            // What is in flight when a worker ends is dropped with it.
            for i in 0..20 {
                let worker = worker.clone();
                runtime.spawn(async move { keeps(&worker, &format!("w{i}")).await });
            }
            assert!(runtime.block_on(keeps(&worker, "w")));
        });
        until(BACK, async || {
            assert!(keeps(&cache, "mine").await);
            worker.is_finished()
        })
        .await;
        worker.join().unwrap();
    }
    assert_eq!(redis.status(), RedisStatus { answers: true, outages: 0 });
}

#[tokio::test]
async fn who_goes_away_while_forgetting_has_it_forgotten() {
    let server = RedisServer::start();
    let redis = connect(&config(standalone(&server))).await;
    let cache = cache(&redis);
    until(BACK, async || keeps(&cache, "w").await).await;
    server.freeze();
    let workload = slug("w");
    let forgetting = timeout(Duration::from_millis(5), cache.forget(&workload));
    assert!(forgetting.await.is_err(), "whoever asked is gone first");
    until(BACK, async || !redis.status().answers).await;
    server.thaw();
    until(BACK, async || redis.status().answers).await;
    assert_eq!(ask(&cache, "w", &Loader::default()).await, 1);
    let loader = Loader::default();
    ask(&cache, "w", &loader).await;
    assert_eq!(loader.loads(), 0);
}

/// What all tests log. A subscriber of one thread would not do: `tracing`
/// remembers of a log line that nobody wants it, whichever thread came first.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false);
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    }

    fn lines_about(&self, server: &RedisServer) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let address = format!("127.0.0.1:{}\"", server.port());
        text.lines().filter(|line| line.contains(&address)).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_outage_is_logged_when_it_begins_and_when_it_ends() {
    let log = Log::start();
    let mut server = RedisServer::start();
    let redis = connect(&patient(standalone(&server))).await;
    let cache = cache(&redis);
    assert!(keeps(&cache, "w").await);
    server.kill();
    for _ in 0..100 {
        ask(&cache, "other", &Loader::default()).await;
    }
    assert!(!redis.status().answers);
    server.restart();
    until(BACK, async || redis.status().answers).await;

    let lines = log.lines_about(&server);
    let [begun, gone, back] = &lines[..] else { panic!("{lines:#?}") };
    assert!(begun.contains("INFO") && begun.contains("Redis answers"), "{begun}");
    assert!(gone.contains("WARN") && gone.contains("given up"), "{gone}");
    assert!(gone.contains("error="), "{gone}");
    assert!(back.contains("INFO") && back.contains("Redis answers"), "{back}");
}
