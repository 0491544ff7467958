//! Real servers for tests and benchmarks: each on a free port of the loopback
//! address, in a temporary folder, stopped and removed when it is dropped.
//!
//! Tests of adapters and of the whole service start them; nothing of this crate
//! runs in the service. A program that is not installed fails the test that
//! needs it, saying what to install. To add a server: a file here that starts
//! it with [`Process`] and waits until it answers.

#![expect(clippy::expect_used, reason = "in a test, what cannot be set up is a failed test")]

mod certificate;
mod held;
mod lasting;
mod pgbouncer;
mod port;
mod postgres;
mod postgres_schema;
mod process;
mod prometheus;
mod psql;
mod redis;
mod redis_cluster;
mod redis_sentinel;
mod server_user;

pub use certificate::Certificate;
pub use held::Held;
pub use pgbouncer::PgBouncer;
pub use port::free_port;
pub use postgres::{PostgresOptions, PostgresServer};
pub use postgres_schema::PostgresSchema;
pub use process::Process;
pub use prometheus::PrometheusServer;
pub use redis::{RedisOptions, RedisServer};
pub use redis_cluster::RedisCluster;
pub use redis_sentinel::RedisSentinels;
