//! Workers of a web server, each a runtime of one thread.

use std::thread;
use std::time::Duration;

use benchmark_redis_cache_adapter::{RedisConfig, RedisStatus};
use benchmark_test_servers::RedisServer;
use tokio::runtime::Builder;

use crate::fixture::{Loader, ask, cache, connect, keeps, patient, standalone, until};

/// How long opening a connection may take on a busy machine.
const OPEN: Duration = Duration::from_secs(20);

const WELL: RedisStatus = RedisStatus { answers: true, outages: 0 };

/// Does something as a worker would, while the process does other things.
async fn on_a_worker<T: Send + 'static, F: Future<Output = T>>(
    task: impl FnOnce() -> F + Send + 'static,
) -> T {
    let worker = || Builder::new_current_thread().enable_all().build().unwrap().block_on(task());
    tokio::task::spawn_blocking(|| thread::spawn(worker).join().unwrap()).await.unwrap()
}

/// The ids of the server's connections but those of this question, the newest last.
fn connections(server: &RedisServer) -> Vec<String> {
    let list = server.cli(&["CLIENT", "LIST"]);
    let id = |line: &str| line.split(' ').next()?.strip_prefix("id=").map(str::to_owned);
    list.lines().filter(|line| !line.contains("cmd=client|")).filter_map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_worker_asks_over_a_connection_of_its_own_and_without_it_over_the_shared_one() {
    let server = RedisServer::start();
    let redis = connect(&patient(standalone(&server))).await;
    let cache = cache(&redis);
    let server = on_a_worker(|| async move {
        let has_two = async || {
            assert!(keeps(&cache, "w").await);
            connections(&server).len() == 2
        };
        until(OPEN, has_two).await;
        for _ in 0..3 {
            let connections = connections(&server);
            server.cli(&["CLIENT", "KILL", "ID", connections.last().unwrap()]);
            until(OPEN, has_two).await;
        }
        server
    })
    .await;
    assert_eq!(redis.status(), WELL, "losing it is no outage");
    until(OPEN, async || connections(&server).len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_worker_that_is_busy_does_not_take_redis_for_sick() {
    const DEADLINE: Duration = Duration::from_secs(1);
    let server = RedisServer::start();
    let config = RedisConfig { response_timeout: DEADLINE, ..patient(standalone(&server)) };
    let redis = connect(&config).await;
    let cache = cache(&redis);
    on_a_worker(|| async move {
        until(OPEN, async || {
            assert!(keeps(&cache, "w").await);
            connections(&server).len() == 2
        })
        .await;
        let loader = Loader::default();
        // What is asked is not sent before the worker has time for it.
        let busy = async { thread::sleep(DEADLINE * 3 / 4) };
        tokio::join!(ask(&cache, "w", &loader), busy);
        assert_eq!(loader.loads(), 0);
    })
    .await;
    assert_eq!(redis.status(), WELL);
}
