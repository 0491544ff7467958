use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use benchmark_domain::{Statistic, Window, metrics};
use benchmark_port_contracts::fixtures::{at, page, slug};
use benchmark_port_contracts::{StoppedClock, async_trait};
use benchmark_ports::{
    Clock, Document, LoadError, LoadRanking, Loaded, Randomness, RankingCache, RankingQuery,
    Served, Subject,
};
use benchmark_redis_cache_adapter::{Redis, RedisConfig, RedisHost, RedisMode, RedisRankingCache};
use benchmark_test_servers::{RedisCluster, RedisSentinels, RedisServer};

/// Servers that no test harms.
pub(crate) static STANDALONE: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);
pub(crate) static SENTINELS: LazyLock<RedisSentinels> = LazyLock::new(RedisSentinels::start);
pub(crate) static CLUSTER: LazyLock<RedisCluster> = LazyLock::new(RedisCluster::start);

pub(crate) fn standalone(server: &RedisServer) -> RedisMode {
    RedisMode::Standalone { host: host(server.port()) }
}

pub(crate) fn sentinel(sentinels: &RedisSentinels) -> RedisMode {
    let hosts = sentinels.ports().into_iter().map(host).collect();
    RedisMode::Sentinel { hosts, master: RedisSentinels::MASTER.to_owned() }
}

pub(crate) fn cluster(cluster: &RedisCluster) -> RedisMode {
    RedisMode::Cluster { hosts: cluster.ports().into_iter().map(host).collect() }
}

fn host(port: u16) -> RedisHost {
    RedisHost { name: "127.0.0.1".to_owned(), port }
}

/// With a prefix of its own, and the deadlines that are the default.
pub(crate) fn config(mode: RedisMode) -> RedisConfig {
    static PREFIXES: AtomicUsize = AtomicUsize::new(0);
    let prefix = format!("test{}:", PREFIXES.fetch_add(1, Ordering::Relaxed));
    RedisConfig { prefix, ..RedisConfig::new(mode) }
}

/// With deadlines that a busy machine keeps.
pub(crate) fn patient(mode: RedisMode) -> RedisConfig {
    let (connect_timeout, response_timeout) = (Duration::from_secs(5), Duration::from_secs(5));
    RedisConfig { connect_timeout, response_timeout, ..config(mode) }
}

pub(crate) async fn connect(config: &RedisConfig) -> Redis {
    Redis::connect(config).await.unwrap()
}

/// The system's randomness.
pub(crate) struct Urandom;

impl Randomness for Urandom {
    fn fill(&self, bytes: &mut [u8]) {
        File::open("/dev/urandom").unwrap().read_exact(bytes).unwrap();
    }
}

pub(crate) fn cache_with(
    redis: &Redis,
    ttl: Duration,
    largest: usize,
    clock: Arc<dyn Clock>,
) -> Arc<dyn RankingCache> {
    Arc::new(RedisRankingCache::new(redis.clone(), ttl, largest, clock, Arc::new(Urandom)))
}

pub(crate) fn cache(redis: &Redis) -> Arc<dyn RankingCache> {
    cache_with(redis, Duration::from_secs(60), 1 << 20, Arc::new(StoppedClock::at(at(0))))
}

/// Makes documents that say how many it has made.
#[derive(Default)]
pub(crate) struct Loader(AtomicUsize);

impl Loader {
    pub(crate) fn loads(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl LoadRanking for Loader {
    async fn load(&self, _: &RankingQuery) -> Result<Loaded, LoadError> {
        let text = (self.0.fetch_add(1, Ordering::SeqCst) + 1).to_string();
        let document = Document::new(text.clone().into_bytes(), format!("etag-{text}"), at(7));
        Ok(Loaded { document: Arc::new(document), keep: true })
    }
}

pub(crate) fn about(workload: &str) -> RankingQuery {
    RankingQuery {
        subject: Subject::Metric(metrics::TTFT),
        workload: slug(workload),
        window: Window::Latest,
        statistic: Statistic::Mean,
        provider: None,
        limit: page(100),
        offset: 0,
    }
}

/// Asks, and tells which load the answer is of.
pub(crate) async fn ask(cache: &Arc<dyn RankingCache>, workload: &str, loader: &Loader) -> usize {
    let Served { document, .. } = cache.get_or_load(&about(workload), loader).await.unwrap();
    assert_eq!(document.made_at(), at(7));
    let text = str::from_utf8(document.json()).unwrap();
    assert_eq!(document.etag(), format!("etag-{text}"));
    text.parse().unwrap()
}

/// Asks twice, and tells whether the second answer was kept.
pub(crate) async fn keeps(cache: &Arc<dyn RankingCache>, workload: &str) -> bool {
    let loader = Loader::default();
    ask(cache, workload, &loader).await;
    let before = loader.loads();
    ask(cache, workload, &loader).await;
    loader.loads() == before
}

/// Waits until something is so, and tells how long that took.
///
/// # Panics
/// If it takes longer than `at_most`.
pub(crate) async fn until(at_most: Duration, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < at_most, "not so after {at_most:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}
