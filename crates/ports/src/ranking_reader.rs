use async_trait::async_trait;
use benchmark_domain::{
    Contender, HistorySpan, Llm, Publication, RankingEntry, RankingScope, Timestamp, Window,
};

use crate::{PageLimit, StoreError};

/// Counts the recordings that said something about a scope or about an LLM that
/// stands in it. What was read at a revision includes everything recorded up to
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Revision(pub i64);

/// The runs of a scope, by LLM.
#[derive(Debug, Clone, PartialEq)]
pub struct Contenders {
    /// What was read includes at least the recordings up to here.
    pub revision: Revision,
    /// Every LLM with a run in the window that measured the metric, in any
    /// order.
    pub contenders: Vec<Contender>,
}

/// The newest publication of a scope and whether it still holds.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentRanking {
    /// Its entries, in their order.
    pub entries: Vec<RankingEntry>,
    /// Whether no run was recorded since that it does not know of.
    pub up_to_date: bool,
}

/// Reads what rankings are made of, and the rankings that were published.
#[async_trait]
pub trait RankingReader: Send + Sync {
    /// The runs inside a window that measured the metric on the workload, and
    /// the requests of all runs of their LLMs on the workload inside it,
    /// whatever they measured. [Unrankable](benchmark_domain::Grade::Unrankable)
    /// runs are none of them. A sum is at most
    /// [`Requests::MAX`](benchmark_domain::Requests::MAX).
    ///
    /// With [`Window::Latest`] `runs` is each LLM's latest run that measured the
    /// metric, and `requests` are those of it; where a later run is the LLM's newest
    /// and most of its requests failed, those of that one. Later is what started
    /// later or, of two that started together, has the greater id.
    ///
    /// The cost does not depend on how many samples the runs had, and on how many
    /// runs there are only so far: on those of the day in which the window begins.
    /// What the others say is kept pooled by days, and memory is taken for the LLMs alone, not for days.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
    ) -> Result<Contenders, StoreError>;

    /// The newest publication; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError>;

    /// The last `limit` publications of a scope in a span, with their revisions,
    /// in the order of their time and, of two at once, of their revision. Where
    /// the span has buckets, the last publication of each counts alone. With an
    /// `llm`, each has the entries of that LLM alone, if it has any.
    ///
    /// The cost depends on `limit` and on how many entries the publications have,
    /// not on how many others there are, in the span or outside.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn history(
        &self,
        scope: &RankingScope,
        span: HistorySpan,
        llm: Option<&Llm>,
        limit: PageLimit,
    ) -> Result<Vec<(Revision, Publication)>, StoreError>;
}
