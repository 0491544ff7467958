//! The real binary on real PostgreSQL and Redis servers, which these tests start,
//! make sick, kill and revive.

#![expect(clippy::unwrap_used, reason = "what cannot be read or started is a failed test")]

#[path = "../end_to_end/answer.rs"]
mod answer;
#[expect(dead_code, reason = "some of it only the tests without servers need")]
#[path = "../end_to_end/service.rs"]
mod service;

mod engines;
mod load;
mod turn;

mod backups;
mod cold_keys;
mod commands;
mod crashes;
mod idempotency;
mod replicas;
mod rolling_restart;
mod secrets;
mod sick_postgres;
mod sick_redis;
