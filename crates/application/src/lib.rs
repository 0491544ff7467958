//! The use cases: what the service does, whoever asks and wherever it is kept.
//!
//! Each is a struct named as a verb, built once from ports
//! (`Arc<dyn RunStore>`, ...) by the composition root, and called by HTTP
//! handlers and commands alike through its `run`. None knows an adapter.
//!
//! To add one: a file here with the struct, its error, its `run` and its
//! tests against the in-memory adapters; then a field in whatever calls it.
//!
//! ```
//! use benchmark_application::PlainKey;
//!
//! // Keys tell typing errors from unknown keys without asking the store.
//! assert!(PlainKey::parse("bmk_0123").is_none());
//! ```

mod authenticate;
mod browse_catalogue;
mod check_health;
mod coalescing;
mod compare_llms;
mod create_key;
mod define_metric;
mod find_llm;
mod list_keys;
mod plain_key;
mod publish_rankings;
mod read_history;
mod read_ranking;
mod record_runs;
mod revoke_key;
mod tiered_rankings;

pub use authenticate::{Authenticate, AuthenticateError, Principal};
pub use browse_catalogue::BrowseCatalogue;
pub use check_health::{CheckHealth, Health};
pub use compare_llms::{
    CompareError, CompareLlms, ComparedMetric, ComparisonQuery, ComparisonView,
};
pub use create_key::{CreateKey, CreateKeyError};
pub use define_metric::DefineMetric;
pub use find_llm::FindLlmError;
pub use list_keys::ListKeys;
pub use plain_key::PlainKey;
pub use publish_rankings::PublishRankings;
pub use read_history::{HistoryError, HistoryQuery, HistoryView, ReadHistory};
pub use read_ranking::{ComputeRanking, ReadRanking};
pub use record_runs::{RecordRuns, RecordRunsError, Submitted, Unfit, UnfitRun};
pub use revoke_key::RevokeKey;
pub use tiered_rankings::TieredRankings;
