//! Masters that die and are replaced.

use std::sync::Arc;
use std::time::{Duration, Instant};

use benchmark_port_contracts::fixtures::slug;
use benchmark_port_contracts::invalidation_bus::{Forgotten, Listener};
use benchmark_ports::{HealthCheck, InvalidationBus, RankingCache};
use benchmark_redis_cache_adapter::{RedisConfig, RedisInvalidationBus};
use benchmark_test_servers::{RedisCluster, RedisSentinels};

use crate::fixture::{Loader, ask, cache, cluster, config, connect, keeps, sentinel, until};

/// How soon another master has to be used: finding out that one is gone takes a
/// second or two, voting and promoting the same.
const FAILED_OVER: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_sentinels_replace_is_replaced_here() {
    let mut servers = RedisSentinels::start();
    let redis = connect(&config(sentinel(&servers))).await;
    let (cache, loader) = (cache(&redis), Loader::default());
    until(FAILED_OVER, async || keeps(&cache, "w").await).await;
    let bus: Arc<dyn InvalidationBus> = Arc::new(RedisInvalidationBus::new(redis.clone()));
    let mut listener = Listener::begun(&bus).await;

    let old = servers.master().port();
    servers.master().kill();
    ask(&cache, "meanwhile", &loader).await;
    assert_eq!(loader.loads(), 1);
    let took = until(FAILED_OVER, async || keeps(&cache, "w").await).await;
    println!("Sentinel: kept again after {took:?}");
    assert_ne!(servers.master().port(), old);
    redis.check().await.unwrap();

    assert_eq!(listener.next().await, Forgotten::Everything);
    until(FAILED_OVER, async || bus.announce(&slug("w")).await.is_ok()).await;
    assert_eq!(listener.next().await, Forgotten::Workload(slug("w")));
}

/// Enough that every master of a Cluster has some.
fn workloads() -> impl Iterator<Item = String> {
    (0..32).map(|i| format!("w{i}"))
}

async fn keeps_all(cache: &Arc<dyn RankingCache>) -> bool {
    for workload in workloads() {
        if !keeps(cache, &workload).await {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_the_cluster_replaces_is_replaced_here() {
    let mut nodes = RedisCluster::start();
    let redis = connect(&config(cluster(&nodes))).await;
    let (cache, loader) = (cache(&redis), Loader::default());
    until(FAILED_OVER, async || keeps_all(&cache).await).await;

    nodes.masters()[0].kill();
    for workload in workloads() {
        ask(&cache, &workload, &loader).await;
    }
    let took = until(FAILED_OVER, async || keeps_all(&cache).await).await;
    println!("Cluster: all kept again after {took:?}");
    assert_eq!(nodes.masters().len(), 3);
    redis.check().await.unwrap();
    cache.forget_everything().await;
    let before = loader.loads();
    for workload in workloads() {
        ask(&cache, &workload, &loader).await;
    }
    assert_eq!(loader.loads() - before, workloads().count());
}

/// Two thirds of the keys still have their master, but nobody knows which.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_hangs_in_a_cluster_holds_up_a_few_reads_only() {
    let mut nodes = RedisCluster::start();
    let redis = connect(&config(cluster(&nodes))).await;
    let (cache, loader) = (cache(&redis), Loader::default());
    until(FAILED_OVER, async || keeps_all(&cache).await).await;

    let frozen = nodes.masters()[0].port();
    nodes.masters()[0].freeze();
    let mut waits = vec![];
    for workload in workloads().chain(workloads()) {
        let asked = Instant::now();
        ask(&cache, &workload, &loader).await;
        waits.push(asked.elapsed());
    }
    let longest = *waits.iter().max().unwrap();
    assert!(longest < 10 * RedisConfig::RESPONSE_TIMEOUT, "{waits:?}");
    let held_up = waits.iter().filter(|wait| **wait >= RedisConfig::RESPONSE_TIMEOUT).count();
    assert!(held_up < 10, "{waits:?}");
    let took = until(FAILED_OVER, async || keeps_all(&cache).await).await;
    println!("Cluster: all kept again after {took:?}");
    assert!(nodes.masters().iter().all(|master| master.port() != frozen));
}
