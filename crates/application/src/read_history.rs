use std::sync::Arc;

use benchmark_domain::chrono::SecondsFormat;
use benchmark_domain::{
    HistorySpan, LlmReference, Metric, MetricName, Publication, RankingScope, Timestamp,
    WorkloadSlug,
};
use benchmark_ports::{Catalogue, LoadError, PageLimit, RankingReader, StoreError};
use thiserror::Error;

use crate::find_llm::{FindLlm, FindLlmError};
use crate::read_ranking::of_metric;

/// A question for the history of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryQuery {
    /// Which metric.
    pub metric: MetricName,
    /// On which workload.
    pub workload: WorkloadSlug,
    /// Of which LLM alone; `None` for every LLM.
    pub llm: Option<LlmReference>,
    /// Which part of it.
    pub span: HistorySpan,
    /// How many publications are shown at most.
    pub limit: PageLimit,
}

/// Part of the history of a metric on a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryView {
    /// What is measured.
    pub metric: Metric,
    /// Under which conditions.
    pub workload: WorkloadSlug,
    /// The publications that were asked for, the first one first; of one LLM,
    /// those in which it stands.
    pub publications: Vec<Publication>,
    /// The end of the span in which there may be earlier ones; `None` where there
    /// are none.
    pub earlier: Option<Timestamp>,
    /// What a reader should know of the answer: that there may be more, say.
    pub message: Option<String>,
}

/// Why there is no history.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// It is not known which LLM is meant.
    #[error(transparent)]
    Find(#[from] FindLlmError),
    /// The metric is unknown, or the store failed.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl From<StoreError> for HistoryError {
    fn from(error: StoreError) -> Self {
        Self::Load(error.into())
    }
}

/// Reads how value and rank of LLMs changed over time, out of the publications.
pub struct ReadHistory {
    reader: Arc<dyn RankingReader>,
    catalogue: Arc<dyn Catalogue>,
    find: FindLlm,
}

impl ReadHistory {
    /// The most values that are shown, unless a single publication has more.
    pub const MAX_VALUES: usize = 10_000;

    /// Reads what `reader` reads.
    pub fn new(reader: Arc<dyn RankingReader>, catalogue: Arc<dyn Catalogue>) -> Self {
        let find = FindLlm::new(Arc::clone(&catalogue));
        Self { reader, catalogue, find }
    }

    /// The end of the part that was asked for, as much as may be shown.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn run(&self, query: &HistoryQuery) -> Result<HistoryView, HistoryError> {
        let HistoryQuery { metric, workload, llm, span, limit } = query;
        let metrics = self.catalogue.metrics().await?;
        let metric = of_metric(&metrics, Some(metric))?[0].clone();
        let scope = RankingScope { metric: metric.name.clone(), workload: workload.clone() };
        let llm = match llm {
            Some(reference) => Some(self.find.run(reference).await?),
            None => None,
        };
        let limit = if llm.is_some() { *limit } else { self.within_bounds(&scope, *limit).await? };
        let read = self.reader.history(&scope, *span, llm.as_ref(), limit).await?;
        let earlier = read.first().filter(|_| read.len() == limit.get()).map(|(_, first)| {
            // The rest of the first one's bucket is not to be shown for it.
            span.bucket().map_or(first.published_at, |it| it.start_of(first.published_at))
        });
        let message = match earlier {
            None if read.is_empty() => {
                Some(format!("nothing was published of {scope} in this span"))
            }
            None => None,
            Some(end) => {
                let end = end.to_rfc3339_opts(SecondsFormat::Micros, true);
                Some(format!("these are the last {limit}; to={end} asks for earlier ones"))
            }
        };
        let mut publications: Vec<_> = read.into_iter().map(|(_, found)| found).collect();
        if llm.is_some() {
            publications.retain(|publication| !publication.entries.is_empty());
        }
        Ok(HistoryView { metric, workload: workload.clone(), publications, earlier, message })
    }

    /// As many publications as are not too many values. An LLM that was ranked
    /// once stays ranked, so that no publication has more entries than the
    /// newest one.
    async fn within_bounds(
        &self,
        scope: &RankingScope,
        limit: PageLimit,
    ) -> Result<PageLimit, StoreError> {
        let newest = self.reader.current(scope).await?;
        let values = newest.map_or(0, |current| current.entries.len());
        let fitting = (Self::MAX_VALUES / values.max(1)).clamp(1, limit.get());
        Ok(PageLimit::new(fitting as u64).unwrap_or(limit))
    }
}
