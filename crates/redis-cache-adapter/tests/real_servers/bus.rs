//! What listeners learn when the connection does not hold.

use std::sync::Arc;
use std::time::Duration;

use benchmark_port_contracts::fixtures::slug;
use benchmark_port_contracts::invalidation_bus::{Forgotten, Listener};
use benchmark_ports::InvalidationBus;
use benchmark_redis_cache_adapter::{RedisConfig, RedisInvalidationBus};
use benchmark_test_servers::RedisServer;
use tokio::time::timeout;

use crate::fixture::{config, connect, patient, standalone, until};

async fn bus(config: &RedisConfig) -> Arc<dyn InvalidationBus> {
    Arc::new(RedisInvalidationBus::new(connect(config).await))
}

/// Announces until it can, and tells that it was heard.
async fn announces_again(bus: &Arc<dyn InvalidationBus>, listener: &mut Listener) {
    until(Duration::from_secs(5), async || bus.announce(&slug("after")).await.is_ok()).await;
    assert_eq!(listener.next().await, Forgotten::Workload(slug("after")));
}

#[tokio::test]
async fn a_listener_that_was_cut_off_forgets_everything_and_goes_on() {
    let server = RedisServer::start();
    let bus = bus(&patient(standalone(&server))).await;
    let mut listener = Listener::begun(&bus).await;
    server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let next = timeout(Duration::from_secs(1), listener.next()).await;
    assert_eq!(next.expect("within a second"), Forgotten::Everything);
    announces_again(&bus, &mut listener).await;
}

#[tokio::test]
async fn a_listener_forgets_everything_once_a_restarted_server_is_back() {
    let mut server = RedisServer::start();
    let bus = bus(&config(standalone(&server))).await;
    let mut listener = Listener::begun(&bus).await;
    server.kill();
    assert!(bus.announce(&slug("lost")).await.is_err());
    server.restart();
    let next = timeout(Duration::from_secs(5), listener.next()).await;
    assert_eq!(next.expect("within five seconds"), Forgotten::Everything);
    announces_again(&bus, &mut listener).await;
}

/// A connection that is silent looks like one on which nothing is announced.
#[tokio::test]
async fn a_listener_whose_server_stood_still_forgets_everything() {
    let server = RedisServer::start();
    let bus = bus(&config(standalone(&server))).await;
    let mut listener = Listener::begun(&bus).await;
    server.freeze();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.thaw();
    let next = timeout(Duration::from_secs(5), listener.next()).await;
    assert_eq!(next.expect("within five seconds"), Forgotten::Everything);
    announces_again(&bus, &mut listener).await;
}

#[tokio::test]
async fn what_cannot_be_understood_forgets_everything() {
    let server = RedisServer::start();
    let config = patient(standalone(&server));
    let mut listener = Listener::begun(&bus(&config).await).await;
    let channel = format!("{}invalidations", config.prefix);
    for message in ["", "No Slug!", "w"] {
        server.cli(&["PUBLISH", &channel, message]);
    }
    assert_eq!(listener.next().await, Forgotten::Everything);
    assert_eq!(listener.next().await, Forgotten::Everything);
    assert_eq!(listener.next().await, Forgotten::Workload(slug("w")));
}

#[tokio::test]
async fn who_begins_before_the_server_does_hears_once_it_is_there() {
    let mut server = RedisServer::start();
    let config = config(standalone(&server));
    server.kill();
    let bus = bus(&config).await;
    let mut listener = Listener::of(&bus);
    assert!(bus.announce(&slug("lost")).await.is_err());
    server.restart();
    assert_eq!(listener.next().await, Forgotten::Everything);
    announces_again(&bus, &mut listener).await;
}
