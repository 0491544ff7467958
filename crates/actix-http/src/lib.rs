//! The HTTP API: its server, routes, answers, documents and leaderboard.
//!
//! The composition root makes the [`Services`], binds a [`Server`] and runs it;
//! the command line shares the JSON shapes of [`wire`] and prints
//! [`openapi_document`]. Nothing here knows what stores or caches are behind
//! the use cases.
//!
//! - A request passes the middleware in `observe`, finds its `routing::Resource`
//!   and gets to a handler in `routes/<resource>/<verb>.rs`. The handler's
//!   arguments parse: a key with a scope, a path, a strict query, a bounded body.
//! - A handler calls one use case and gives a `representation::Shown` (which
//!   knows about entity tags and compression) or an `error::ApiError`. Both are
//!   written in the one `envelope`.
//! - To add a route: a file in `routes` with the handler, a line in
//!   `routes::resources`, the new snapshot of the OpenAPI document.
//!
//! ```
//! let document = benchmark_actix_http::openapi_document();
//! assert!(document.contains("/api/v1/benchmark/{metric}"));
//! ```

mod app;
mod aside;
mod asset;
mod auth;
mod body;
mod budget;
mod client_address;
mod docs;
mod document;
mod documented;
mod drain;
mod envelope;
mod error;
mod headers;
mod idempotency;
mod json;
mod json_body;
mod leaderboard;
mod metrics;
#[doc(hidden)]
mod negotiation;
mod observe;
mod page;
mod path;
mod prepared;
mod query;
mod ranking_encoder;
mod rate_limits;
mod representation;
mod request_id;
mod routes;
mod routing;
mod server;
mod services;
mod signals;
mod span;
mod tabular;
#[cfg(test)]
mod testing;
mod trace_context;
mod turns;
mod unread;
pub mod wire;

pub use body::BodyLimits;
pub use client_address::{InvalidProxy, TrustedProxies};
pub use docs::openapi_document;
pub use ranking_encoder::JsonRankings;
pub use rate_limits::RateLimits;
pub use server::{BindError, Server, ServerConfig};
pub use services::Services;
pub use signals::stop_signals;
