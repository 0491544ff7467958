use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{Run, Timestamp};
use benchmark_ports::{
    ApiKeyStore, Catalogue, HealthCheck, RankingPublisher, RankingReader, RecordedRuns, RunStore,
};

/// The stores of one adapter, all over the same data.
#[derive(Clone)]
pub struct Stores {
    /// Keeps runs.
    pub runs: Arc<dyn RunStore>,
    /// Reads contenders and publications.
    pub rankings: Arc<dyn RankingReader>,
    /// Publishes rankings.
    pub publisher: Arc<dyn RankingPublisher>,
    /// Knows metrics, LLMs and workloads.
    pub catalogue: Arc<dyn Catalogue>,
    /// Keeps keys.
    pub keys: Arc<dyn ApiKeyStore>,
    /// Says whether the store answers.
    pub health: Arc<dyn HealthCheck>,
}

impl Stores {
    /// The stores that one type is.
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: RunStore
            + RankingReader
            + RankingPublisher
            + Catalogue
            + ApiKeyStore
            + HealthCheck
            + 'static,
    {
        Self {
            runs: store.clone(),
            rankings: store.clone(),
            publisher: store.clone(),
            catalogue: store.clone(),
            keys: store.clone(),
            health: store,
        }
    }

    /// Records runs, under no idempotency key.
    ///
    /// # Panics
    /// If the store refuses.
    pub async fn record(&self, runs: &[Run], recorded_at: Timestamp) -> RecordedRuns {
        let recording = self.runs.record(runs, recorded_at, None).await.unwrap();
        recording.recorded().unwrap()
    }
}

/// Where stores keep what they are told: a folder, a schema, a prefix. It goes
/// away with everything in it when it is dropped.
#[async_trait]
pub trait Place: Send + Sync {
    /// An empty place that no other test sees.
    async fn fresh() -> Self
    where
        Self: Sized;

    /// Opens the stores. Those that persist show what was told to the ones
    /// opened here before.
    async fn open(&self) -> Stores;
}
