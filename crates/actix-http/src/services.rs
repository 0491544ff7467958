//! What the routes call.

use std::sync::Arc;

use benchmark_application::{
    Authenticate, BrowseCatalogue, CheckHealth, CompareLlms, CreateKey, DefineMetric, ListKeys,
    ReadHistory, ReadRanking, RecordRuns, RevokeKey,
};
use benchmark_domain::WorkloadSlug;
use benchmark_ports::Clock;
use prometheus::Registry;
use tokio::runtime::Handle;

use crate::rate_limits::RateLimits;

/// The use cases behind the routes, made by the composition root.
pub struct Services {
    /// Tells who presents a key.
    pub authenticate: Authenticate,
    /// How often callers may ask.
    pub rate_limits: RateLimits,
    /// Answers questions for rankings; its encoder must be
    /// [`JsonRankings`](crate::JsonRankings).
    pub read_ranking: Arc<ReadRanking>,
    /// Reads how rankings changed over time.
    pub read_history: ReadHistory,
    /// Puts LLMs side by side.
    pub compare_llms: CompareLlms,
    /// Adds metrics of the operator's own.
    pub define_metric: DefineMetric,
    /// Lists metrics, LLMs, workloads and runs.
    pub browse_catalogue: BrowseCatalogue,
    /// Records what is pushed.
    pub record_runs: Arc<RecordRuns>,
    /// Where that is done, and what it moved is ranked: not on a worker, which would
    /// answer nobody meanwhile, and may end before.
    pub recording: Handle,
    /// Makes keys.
    pub create_key: Arc<CreateKey>,
    /// Lists keys.
    pub list_keys: ListKeys,
    /// Revokes keys.
    pub revoke_key: RevokeKey,
    /// Asks every dependency how it is.
    pub check_health: CheckHealth,
    /// The workload of a question that names none.
    pub default_workload: WorkloadSlug,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where `GET /metrics` reads, and where the requests are counted.
    pub metrics: Registry,
}
