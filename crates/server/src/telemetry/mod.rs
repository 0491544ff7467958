//! What the service tells of itself: logs, metrics for Prometheus, traces.
//! Ports are measured by decorators around them, so that neither the
//! application nor an adapter knows that it is watched.

mod cache;
mod engines;
mod json_lines;
mod line_buffer;
mod log;
mod log_file;
mod outlets;
mod publisher;
mod store;
mod traces;
mod watch;

use prometheus::{IntGaugeVec, Opts, Registry};

pub(crate) use cache::{CacheMetrics, MeasuredCache};
pub(crate) use engines::EngineMetrics;
pub(crate) use log::Log;
pub(crate) use log_file::Rotation;
pub(crate) use publisher::CountedPublisher;
pub(crate) use store::{MeasuredReader, MeasuredRunStore, StoreLatency};
pub(crate) use watch::Watch;

/// A registry that says which build this is, and how its log fares.
pub(crate) fn registry(log: &Log) -> prometheus::Result<Registry> {
    let registry = Registry::new();
    let build = IntGaugeVec::new(
        Opts::new("benchmark_build_info", "1, labelled with the version of the service."),
        &["version"],
    )?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    registry.register(Box::new(build))?;
    registry.register(Box::new(log::DroppedLines::of(log)?))?;
    Ok(registry)
}
