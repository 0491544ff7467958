use std::sync::Arc;

use benchmark_domain::{Metric, RankingEntry, Timestamp};

use crate::{Document, RankingQuery};

/// A ranking as a reader asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingView {
    /// What is measured.
    pub metric: Metric,
    /// What was asked for.
    pub query: RankingQuery,
    /// The whole ranking, the best one first.
    pub ranking: Arc<[RankingEntry]>,
    /// What a reader should know of the answer: why it is empty, say.
    pub message: Option<String>,
}

impl RankingView {
    /// The entries that were asked for, the best one first.
    pub fn entries(&self) -> impl Iterator<Item = &RankingEntry> {
        let RankingQuery { limit, offset, .. } = &self.query;
        let offset = usize::try_from(*offset).unwrap_or(usize::MAX);
        self.all_pages().skip(offset).take(limit.get())
    }

    /// The entries that would be shown if no number of them had been asked for.
    pub fn all_pages(&self) -> impl Iterator<Item = &RankingEntry> {
        let provider = &self.query.provider;
        let is_asked_for = move |entry: &&RankingEntry| {
            provider.is_none() || entry.ranked.llm.provider == *provider
        };
        self.ranking.iter().filter(is_asked_for)
    }
}

/// Writes rankings as their readers get them. The HTTP adapter knows how.
pub trait RankingEncoder: Send + Sync {
    /// The ranking of one metric.
    fn one(&self, ranking: &RankingView, made_at: Timestamp) -> Document;

    /// The rankings of every metric on one workload; `message` is about all.
    fn all(&self, rankings: &[RankingView], message: Option<&str>, made_at: Timestamp) -> Document;
}
