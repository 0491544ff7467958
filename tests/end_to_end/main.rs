//! The real binary, started as its users start it and spoken to over HTTP.

#![expect(clippy::unwrap_used, reason = "what cannot be read or started is a failed test")]

mod answer;
mod service;

mod backups;
mod bad_input;
mod bad_start;
mod browser;
mod caching;
mod clients;
mod comparing;
mod conformance;
mod exposition;
mod first_steps;
mod keys;
mod large_imports;
mod logs;
mod rate_limits;
mod scope_matrix;
mod slow_clients;
mod stopping;
mod traces;
