//! Passwords and TLS.

use std::error::Error;
use std::sync::Arc;

use benchmark_port_contracts::fixtures::slug;
use benchmark_port_contracts::invalidation_bus::{Forgotten, Listener};
use benchmark_ports::{HealthCheck, InvalidationBus, StoreError};
use benchmark_redis_cache_adapter::{
    InvalidRedisConfig, Redis, RedisConfig, RedisInvalidationBus, RedisMode, RedisTls,
    SentinelAccount,
};
use benchmark_test_servers::{
    Certificate, RedisCluster, RedisOptions, RedisSentinels, RedisServer,
};

use crate::fixture::{
    CLUSTER, STANDALONE, cache, cluster, config, connect, keeps, patient, sentinel, standalone,
};

const PASSWORD: &str = "s3cr\u{e9}t/pass";

fn security() -> RedisOptions {
    let (password, certificate) = (Some(PASSWORD.to_owned()), Some(Certificate::temporary()));
    RedisOptions { password, certificate, ..RedisOptions::default() }
}

fn a_secured_server() -> RedisServer {
    RedisServer::start_with(security())
}

fn secured(server: &RedisServer, password: &str) -> RedisConfig {
    with_security(standalone(server), server.certificate(), password)
}

fn with_security(
    mode: RedisMode,
    certificate: Option<&Certificate>,
    password: &str,
) -> RedisConfig {
    let root_certificate = certificate.map(|certificate| certificate.root.clone());
    RedisConfig {
        password: Some(password.into()),
        tls: RedisTls::On { root_certificate },
        ..patient(mode)
    }
}

async fn assert_everything_works(config: &RedisConfig) {
    let redis = connect(config).await;
    redis.check().await.unwrap();
    assert!(keeps(&cache(&redis), "w").await);
    let bus: Arc<dyn InvalidationBus> = Arc::new(RedisInvalidationBus::new(redis));
    let mut listener = Listener::begun(&bus).await;
    bus.announce(&slug("w")).await.unwrap();
    assert_eq!(listener.next().await, Forgotten::Workload(slug("w")));
}

/// The error of a check with its causes, as a log has them.
async fn complaint(redis: &Redis) -> String {
    let error = redis.check().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }));
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    assert!(!said.contains("the store"), "{said}");
    said
}

#[tokio::test]
async fn everything_works_over_tls_with_a_password() {
    let server = a_secured_server();
    assert_everything_works(&secured(&server, PASSWORD)).await;
}

#[tokio::test]
async fn everything_works_with_sentinels_over_tls_with_a_password() {
    let security = security();
    let sentinels = RedisSentinels::start_with(&security);
    let certificate = security.certificate.as_ref();
    assert_everything_works(&with_security(sentinel(&sentinels), certificate, PASSWORD)).await;
}

#[tokio::test]
async fn sentinels_may_have_another_password_or_none() {
    let password = Some(PASSWORD.to_owned());
    let options = RedisOptions { password, ..RedisOptions::default() };
    let own = || SentinelAccount::Own { user: None, password: "another".into() };
    for (of_sentinels, account) in [(None, SentinelAccount::Nobody), (Some("another"), own())] {
        let sentinels = RedisSentinels::start_each_with(&options, of_sentinels);
        let like_servers =
            RedisConfig { password: Some(PASSWORD.into()), ..patient(sentinel(&sentinels)) };
        assert!(!connect(&like_servers).await.status().answers);
        let config = RedisConfig { sentinel_account: account, ..like_servers };
        assert_everything_works(&config).await;
    }
}

#[tokio::test]
async fn everything_works_in_a_cluster_over_tls_with_a_password() {
    let security = security();
    let nodes = RedisCluster::start_with(&security);
    let certificate = security.certificate.as_ref();
    assert_everything_works(&with_security(cluster(&nodes), certificate, PASSWORD)).await;
}

#[tokio::test]
async fn a_database_of_its_own_is_used() {
    let server = RedisServer::start();
    let redis = connect(&RedisConfig { db: 3, ..patient(standalone(&server)) }).await;
    assert!(keeps(&cache(&redis), "w").await);
    assert_eq!(server.cli(&["DBSIZE"]), "0");
    assert_eq!(server.cli(&["-n", "3", "DBSIZE"]), "2");
}

#[tokio::test]
async fn a_wrong_password_is_bypassed_and_not_repeated() {
    let server = a_secured_server();
    let redis = connect(&secured(&server, "hunter2")).await;
    assert!(!redis.status().answers);
    assert!(!keeps(&cache(&redis), "w").await);
    let complaint = complaint(&redis).await;
    assert!(complaint.to_lowercase().contains("auth"), "{complaint}");
    assert!(!complaint.contains("hunter2"), "{complaint}");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_used() {
    let (server, folder) = (a_secured_server(), tempfile::tempdir().unwrap());
    let stranger = Some(Certificate::write(folder.path()).root);
    let tls = RedisTls::On { root_certificate: stranger };
    let redis = connect(&RedisConfig { tls, ..secured(&server, PASSWORD) }).await;
    let complaint = complaint(&redis).await;
    assert!(complaint.contains("certificate"), "{complaint}");
    assert!(!keeps(&cache(&redis), "w").await);
}

#[tokio::test]
async fn tls_is_not_given_up_where_the_server_has_none() {
    let tls = RedisTls::On { root_certificate: None };
    let redis = connect(&RedisConfig { tls, ..config(standalone(&STANDALONE)) }).await;
    assert!(redis.check().await.is_err());
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let no_file = folder.path().join("none.pem");
    let no_certificate = folder.path().join("empty.pem");
    std::fs::write(&no_certificate, "not PEM").unwrap();
    let sound = config(standalone(&STANDALONE));
    let with = |path| RedisTls::On { root_certificate: Some(path) };
    for (config, key) in [
        (RedisConfig { tls: with(no_file), ..sound.clone() }, "none.pem"),
        (RedisConfig { tls: with(no_certificate), ..sound.clone() }, "empty.pem"),
        (RedisConfig { user: Some("me".to_owned()), ..sound.clone() }, "password"),
    ] {
        let error = Redis::connect(&config).await.err().expect("it cannot work");
        assert!(error.to_string().contains(key), "{error}");
    }
    let in_cluster = RedisConfig { db: 1, ..config(cluster(&CLUSTER)) };
    let error = Redis::connect(&in_cluster).await.err();
    assert!(matches!(error, Some(InvalidRedisConfig::DatabaseInCluster)));
}
