//! The adapter over real servers, which these tests start: one, Sentinel, and a
//! Cluster of six.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be set up is a failed test")]

mod bus;
mod contract;
mod failover;
mod faults;
mod fixture;
mod limiter;
mod secured;
mod shared;
mod workers;
