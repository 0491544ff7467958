//! The service on PostgreSQL and Redis.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use benchmark_test_servers::{PostgresServer, RedisServer};

use crate::bare::BODY;
use crate::load::Load;
use crate::ours::Ours;
use crate::{KEY, bare, compare, path};

/// Prints what reads cost there, against handlers that do the least.
pub(crate) fn compare_all(folder: &Path, rounds: usize, seconds: usize) {
    let (postgres, redis) = (PostgresServer::start(), RedisServer::start());
    let database = postgres.url();
    let redis_host = format!("127.0.0.1:{}", redis.port());
    let on_both = |name, more: &[(&str, &str)], simulate: &[&str]| {
        let mut vars = vec![("DATABASE_URL", &*database), ("REDIS_HOST", &*redis_host)];
        vars.push(("LOG_LEVEL", "info,access=off"));
        vars.extend(more);
        Ours::start(folder, name, &vars, simulate)
    };
    let long = ("CACHE_EXPIRATION", "3600");
    let warm = on_both("warm", &[long], &["--samples", "1000"]);
    let idle_memory = warm.idle_memory;
    let body = folder.join("body-of-postgres.json");
    std::fs::write(&body, warm.body()).expect("the body is written");

    let from_memory = bare(&["memory", path(&body)]);
    for connections in [32, 256] {
        let load = load(connections, seconds, false);
        let what = format!("warm, PostgreSQL + Redis, {connections} connections");
        compare(&what, rounds, || load.run(&warm.server), || load.run(&from_memory));
    }
    drop((warm, from_memory));

    // Nothing fits into a cache of no bytes, so that every read asks Redis.
    let past_memory =
        on_both("past-memory", &[long, ("CACHE_MAX_BYTES", "0")], &["--samples", "1000"]);
    let from_redis = bare(&["redis", &filled(&redis, &body)]);
    // Each of the questions once, so that Redis has every answer.
    load(32, 2, true).run(&past_memory.server);
    for connections in [32, 256] {
        let load = load(connections, seconds, true);
        let what = format!("out of Redis, {connections} connections");
        compare(&what, rounds, || load.run(&past_memory.server), || load.run(&from_redis));
    }
    drop((past_memory, from_redis));

    let vars =
        [("DATABASE_URL", &*database), ("LOG_LEVEL", "info,access=off"), ("CACHE_EXPIRATION", "0")];
    let cold = Ours::start(folder, "cold", &vars, &["--samples", "1000"]);
    let from_postgres = bare(&["postgres", &database, path(&body)]);
    // Alone, every question is a statement; of many at once, several share one.
    for (connections, what) in [(1, "1 connection"), (32, "32 connections")] {
        let load = load(connections, seconds, true);
        let what = format!("cold, out of PostgreSQL, {what}");
        compare(&what, rounds, || load.run(&cold.server), || load.run(&from_postgres));
    }
    println!("\n{} MiB of memory on both before the first request\n", idle_memory / 1024 / 1024);
}

fn load(connections: usize, seconds: usize, various: bool) -> Load {
    Load { key: KEY, etag: None, connections, seconds, various }
}

/// Puts the body into Redis, and gives its URL.
fn filled(redis: &RedisServer, body: &Path) -> String {
    let port = redis.port().to_string();
    let mut set = Command::new("redis-cli");
    set.args(["-p", &port, "-x", "SET", BODY]).stdin(Stdio::piped());
    let mut child = set.stdout(Stdio::null()).spawn().expect("redis-cli is installed");
    let bytes = std::fs::read(body).expect("the body");
    child.stdin.take().expect("its input").write_all(&bytes).expect("it reads");
    assert!(child.wait().expect("its end").success());
    format!("redis://127.0.0.1:{port}")
}
