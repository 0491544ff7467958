//! What operators watch the service by: rules and alerts of Prometheus, the
//! dashboard of Grafana. Looked at by the tools that read them, and evaluated by
//! a real Prometheus over the real service.

#![expect(clippy::unwrap_used, reason = "what cannot be read or started is a failed test")]

#[expect(dead_code, reason = "some of it only the tests of the service itself need")]
#[path = "../end_to_end/answer.rs"]
mod answer;
#[expect(dead_code, reason = "some of it only the tests of the service itself need")]
#[path = "../engines/engines.rs"]
mod engines;
#[expect(dead_code, reason = "some of it only the tests of the service itself need")]
#[path = "../end_to_end/service.rs"]
mod service;
#[expect(dead_code, reason = "some of it only the tests of the service itself need")]
#[path = "../engines/turn.rs"]
mod turn;

mod dashboard;
mod deployed;
mod expression;
mod prometheus;

mod everything_returns_a_series;
mod files;
