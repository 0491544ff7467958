use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{MetricName, Provider, Statistic, Window, WorkloadSlug};
use thiserror::Error;

use crate::{Document, ForgetRankings, PageLimit, StoreError};

/// What a question for rankings is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One metric.
    Metric(MetricName),
    /// Every metric.
    AllMetrics,
}

/// A question for rankings, complete: two equal questions have one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RankingQuery {
    /// Which metrics.
    pub subject: Subject,
    /// On which workload.
    pub workload: WorkloadSlug,
    /// By which runs.
    pub window: Window,
    /// By which number.
    pub statistic: Statistic,
    /// Only the LLMs of this provider are shown; ranks are those among all.
    pub provider: Option<Provider>,
    /// How many entries are shown at most, of each metric.
    pub limit: PageLimit,
    /// How many entries are passed over first.
    pub offset: u32,
}

/// An answer that was just made.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The answer.
    pub document: Arc<Document>,
    /// Whether it may be kept. An empty ranking may not: it names the
    /// workloads that have runs, and any recording may change those.
    pub keep: bool,
}

/// Whether an answer is as new as was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// It is.
    Fresh,
    /// It is older than the time to live: a newer one is being made, or cannot
    /// be.
    Stale,
}

/// An answer as a cache gives it.
#[derive(Debug, Clone)]
pub struct Served {
    /// The answer.
    pub document: Arc<Document>,
    /// Whether it is as new as was promised.
    pub freshness: Freshness,
}

impl Served {
    /// An answer as new as was promised.
    pub fn fresh(document: Arc<Document>) -> Self {
        Self { document, freshness: Freshness::Fresh }
    }

    /// An answer that is older than was promised.
    pub fn stale(document: Arc<Document>) -> Self {
        Self { document, freshness: Freshness::Stale }
    }
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum LoadError {
    /// No metric is called so.
    #[error("there is no metric {name}; there are {}", known.iter().map(MetricName::as_str).collect::<Vec<_>>().join(", "))]
    UnknownMetric {
        /// What was asked for.
        name: MetricName,
        /// What could have been asked for.
        known: Vec<MetricName>,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the answer to a question, for a cache that does not have it.
#[async_trait]
pub trait LoadRanking: Send + Sync {
    /// The answer.
    ///
    /// # Errors
    /// [`LoadError`].
    async fn load(&self, query: &RankingQuery) -> Result<Loaded, LoadError>;
}

/// Keeps answers for a while, within a bounded number of bytes.
#[async_trait]
pub trait RankingCache: ForgetRankings {
    /// The answer that is kept in this process, at once; `None` also where
    /// another process may keep one. Nearly every question ends here.
    fn peek(&self, query: &RankingQuery) -> Option<Served>;

    /// The answer that is kept, else the one that `loader` makes, which is then
    /// kept if it may be. However many ask for it at once in one process, it is
    /// loaded once; if loading fails, the next one tries again. An answer is
    /// [fresh](Freshness::Fresh) no longer than the cache's time to live. A
    /// failure of the cache itself is no failure: the answer is loaded.
    ///
    /// # Errors
    /// What `loader` fails with.
    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Served, LoadError>;
}
