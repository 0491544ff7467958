//! Every route, one endpoint per file: what it takes, what it gives, the
//! handler, its tests.
//!
//! To add one: a file with the handler, a line in [`resources`], and the new
//! OpenAPI snapshot.

mod benchmark;
mod compare;
mod exposition;
mod health;
mod index;
mod keys;
mod llms;
mod metrics;
mod runs;
#[cfg(test)]
mod scope_matrix;
mod workloads;

use benchmark_domain::metrics::BUILT_IN;

use crate::docs;
use crate::headers::ContentPolicy;
use crate::leaderboard;
use crate::routing::Resource;

/// The path for Prometheus, which may be on a port of its own.
pub(crate) const EXPOSITION: &str = "/metrics";

/// Every path of the service. Paths are tried in this order: the busiest first.
pub(crate) fn resources() -> Vec<Resource> {
    let mut resources = vec![
        Resource::new("/api/v1/benchmark/{metric}")
            .spelled(BUILT_IN.map(|metric| format!("/api/v1/benchmark/{}", metric.name)))
            .get(benchmark::get::ranking),
        Resource::new("/api/v1/benchmark/{metric}/history").get(benchmark::history::history),
        Resource::new("/api/v1/benchmark").get(benchmark::list::rankings),
        Resource::new("/api/v1/compare").get(compare::get::compare),
        Resource::new("/api/v1/llms").get(llms::list::llms),
        Resource::new("/api/v1/llms/{id}").get(llms::get::llm),
        Resource::new("/api/v1/workloads").get(workloads::list::workloads),
        Resource::new("/api/v1/metrics")
            .get(metrics::list::metrics)
            .post(metrics::create::define_metric),
        Resource::new("/api/v1/runs").get(runs::list::runs).post(runs::create::record_runs),
        Resource::new("/api/v1/runs/import").post(runs::import::import_runs),
        Resource::new("/api/v1/runs/{id}").get(runs::get::run),
        Resource::new("/api/v1/keys").get(keys::list::keys).post(keys::create::create_key),
        Resource::new("/api/v1/keys/{id}").delete(keys::revoke::revoke_key),
        Resource::new("/health/live").get(health::live::live),
        Resource::new("/health/ready").get(health::ready::ready),
        Resource::new(EXPOSITION).get(exposition::exposition),
        Resource::new("/").get(index::index).policy(ContentPolicy::Page),
    ];
    resources.extend(leaderboard::resources());
    resources.extend(docs::resources());
    resources
}
