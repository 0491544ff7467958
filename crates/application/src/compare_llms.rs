use std::sync::Arc;

use benchmark_domain::{
    Comparison, Contender, Llm, LlmReference, Metric, MetricName, RankingScope, Statistic,
    Timestamp, Window, WorkloadSlug, compare,
};
use benchmark_ports::{Catalogue, Clock, LoadError, RankingReader, StoreError};
use thiserror::Error;

use crate::find_llm::{FindLlm, FindLlmError};
use crate::read_ranking::{left_out, of_metric};

/// A question how LLMs differ.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonQuery {
    /// Which LLMs.
    pub llms: Vec<LlmReference>,
    /// In which metric alone; `None` for every metric.
    pub metric: Option<MetricName>,
    /// On which workload.
    pub workload: WorkloadSlug,
    /// By which runs.
    pub window: Window,
    /// By which number.
    pub statistic: Statistic,
}

/// How LLMs differ, side by side on every metric.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonView {
    /// Which LLMs, in the order in which they were asked for.
    pub llms: Vec<Llm>,
    /// On which workload.
    pub workload: WorkloadSlug,
    /// By which runs.
    pub window: Window,
    /// By which number.
    pub statistic: Statistic,
    /// Every metric that at least one of them has runs of, by name.
    pub metrics: Vec<ComparedMetric>,
    /// What a reader should know of the answer: why it is empty, say.
    pub message: Option<String>,
}

/// How LLMs differ in one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedMetric {
    /// What is measured.
    pub metric: Metric,
    /// How they differ.
    pub comparison: Comparison,
    /// Who is left out although there are runs, and why.
    pub message: Option<String>,
}

/// Why LLMs were not compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// Too few or too many.
    #[error("2 to {max} LLMs are compared, not {0}", max = CompareLlms::MAX)]
    Count(usize),
    /// The same one twice.
    #[error("{0} is there twice")]
    Twice(Llm),
    /// It is not known which is meant.
    #[error(transparent)]
    Find(#[from] FindLlmError),
    /// The metric is unknown, or the store failed.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl From<StoreError> for CompareError {
    fn from(error: StoreError) -> Self {
        Self::Load(error.into())
    }
}

/// Puts LLMs side by side.
///
/// Nothing is cached: the cost is that of a ranking of every metric.
pub struct CompareLlms {
    reader: Arc<dyn RankingReader>,
    catalogue: Arc<dyn Catalogue>,
    find: FindLlm,
    clock: Arc<dyn Clock>,
}

impl CompareLlms {
    /// The most that are compared: 45 pairs in each metric.
    pub const MAX: usize = 10;

    /// Compares by what `reader` reads.
    pub fn new(
        reader: Arc<dyn RankingReader>,
        catalogue: Arc<dyn Catalogue>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let find = FindLlm::new(Arc::clone(&catalogue));
        Self { reader, catalogue, find, clock }
    }

    /// The comparison.
    ///
    /// # Errors
    /// [`CompareError`].
    pub async fn run(&self, query: &ComparisonQuery) -> Result<ComparisonView, CompareError> {
        let ComparisonQuery { llms, metric, workload, window, statistic } = query;
        let llms = self.find_all(llms).await?;
        let metrics = self.catalogue.metrics().await?;
        let metrics = of_metric(&metrics, metric.as_ref())?;
        let now = self.clock.now();
        let mut compared = Vec::new();
        for metric in metrics {
            let scope = RankingScope { metric: metric.name.clone(), workload: workload.clone() };
            let contenders = self.contenders(&scope, *window, now, &llms).await?;
            if !contenders.is_empty() {
                let comparison = compare(metric.direction, *statistic, &contenders);
                let message = left_out(&contenders, *statistic);
                compared.push(ComparedMetric { metric: metric.clone(), comparison, message });
            }
        }
        let nothing =
            || format!("none of them has runs of this on workload {workload} in window {window}");
        Ok(ComparisonView {
            llms,
            workload: workload.clone(),
            window: *window,
            statistic: *statistic,
            message: compared.is_empty().then(nothing),
            metrics: compared,
        })
    }

    async fn find_all(&self, references: &[LlmReference]) -> Result<Vec<Llm>, CompareError> {
        if !(2..=Self::MAX).contains(&references.len()) {
            return Err(CompareError::Count(references.len()));
        }
        let mut llms = Vec::with_capacity(references.len());
        for reference in references {
            let llm = self.find.run(reference).await?;
            if llms.contains(&llm) {
                return Err(CompareError::Twice(llm));
            }
            llms.push(llm);
        }
        Ok(llms)
    }

    /// Those of `llms` that have runs, in their order.
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
        llms: &[Llm],
    ) -> Result<Vec<Contender>, StoreError> {
        let read = self.reader.contenders(scope, window, now).await?;
        let place = |contender: &Contender| llms.iter().position(|llm| *llm == contender.llm);
        let mut placed: Vec<_> = read
            .contenders
            .into_iter()
            .filter_map(|contender| Some((place(&contender)?, contender)))
            .collect();
        placed.sort_unstable_by_key(|(place, _)| *place);
        Ok(placed.into_iter().map(|(_, contender)| contender).collect())
    }
}
