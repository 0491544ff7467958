use benchmark_domain::{Metric, RankingEntry, Statistic, Timestamp, Window, WorkloadSlug};

use crate::Document;

/// A ranking as a reader asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingView {
    /// What is measured.
    pub metric: Metric,
    /// Under which conditions.
    pub workload: WorkloadSlug,
    /// By which runs.
    pub window: Window,
    /// By which number.
    pub statistic: Statistic,
    /// The entries that were asked for, the best one first.
    pub entries: Vec<RankingEntry>,
    /// What a reader should know of the answer: why it is empty, say.
    pub message: Option<String>,
}

/// Writes rankings as their readers get them. The HTTP adapter knows how.
pub trait RankingEncoder: Send + Sync {
    /// The ranking of one metric.
    fn one(&self, ranking: &RankingView, made_at: Timestamp) -> Document;

    /// The rankings of every metric on one workload; `message` is about all.
    fn all(&self, rankings: &[RankingView], message: Option<&str>, made_at: Timestamp) -> Document;
}
