use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use benchmark_domain::{
    HistorySpan, Llm, Publication, RankingScope, Run, RunId, Timestamp, Window,
};
use benchmark_ports::{
    Contenders, CurrentRanking, PageLimit, RankingReader, RecordedRun, Recording, Revision,
    RunFilter, RunStore, StoreError, Submission,
};
use prometheus::{HistogramOpts, HistogramVec, Registry};
use tracing::Instrument;
use tracing::field::Empty;

use super::traces::SPANS;

/// How long the store takes, by operation and outcome.
#[derive(Clone)]
pub(crate) struct StoreLatency(HistogramVec);

impl StoreLatency {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let options = HistogramOpts::new(
            "benchmark_store_duration_seconds",
            "Time that an operation of the store took.",
        )
        .buckets(prometheus::exponential_buckets(0.000_1, 4.0, 8)?);
        let histogram = HistogramVec::new(options, &["operation", "outcome"])?;
        registry.register(Box::new(histogram.clone()))?;
        Ok(Self(histogram))
    }

    async fn measure<T>(
        &self,
        operation: &str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let span = tracing::info_span!(
            target: SPANS,
            "store",
            "otel.kind" = "client",
            "otel.status_code" = Empty,
            "db.operation.name" = operation,
        );
        let start = Instant::now();
        let result = call.instrument(span.clone()).await;
        let outcome = if result.is_ok() { "ok" } else { "error" };
        if result.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        let elapsed = start.elapsed().as_secs_f64();
        self.0.with_label_values(&[operation, outcome]).observe(elapsed);
        result
    }
}

/// A run store whose latency is measured.
pub(crate) struct MeasuredRunStore {
    pub(crate) inner: Arc<dyn RunStore>,
    pub(crate) latency: StoreLatency,
}

#[async_trait]
impl RunStore for MeasuredRunStore {
    async fn record(
        &self,
        runs: &[Run],
        recorded_at: Timestamp,
        submission: Option<&Submission>,
    ) -> Result<Recording, StoreError> {
        self.latency.measure("record", self.inner.record(runs, recorded_at, submission)).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RecordedRun>, StoreError> {
        self.latency.measure("run", self.inner.run(id)).await
    }

    async fn runs(
        &self,
        filter: &RunFilter,
        after: Option<RunId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<RecordedRun>>, StoreError> {
        self.latency.measure("runs", self.inner.runs(filter, after, limit)).await
    }
}

/// A ranking reader whose latency is measured.
pub(crate) struct MeasuredReader {
    pub(crate) inner: Arc<dyn RankingReader>,
    pub(crate) latency: StoreLatency,
}

#[async_trait]
impl RankingReader for MeasuredReader {
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
    ) -> Result<Contenders, StoreError> {
        self.latency.measure("contenders", self.inner.contenders(scope, window, now)).await
    }

    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError> {
        self.latency.measure("current", self.inner.current(scope)).await
    }

    async fn history(
        &self,
        scope: &RankingScope,
        span: HistorySpan,
        llm: Option<&Llm>,
        limit: PageLimit,
    ) -> Result<Vec<(Revision, Publication)>, StoreError> {
        self.latency.measure("history", self.inner.history(scope, span, llm, limit)).await
    }
}
