use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use benchmark_domain::{
    Llm, LlmId, Metric, MetricName, Publication, RankingScope, RunId, Workload, WorkloadSlug,
    metrics,
};
use benchmark_ports::{ApiKey, IdempotencyKey, RecordOutcome, RecordedRun, Revision, Timestamp};

/// Every store in memory, for tests: nothing outlives it.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

/// What is stored. Each method of a port holds its lock from begin to end, and
/// so is atomic; none awaits anything meanwhile.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) metrics: BTreeMap<MetricName, Metric>,
    pub(crate) llms: BTreeMap<LlmId, Llm>,
    pub(crate) workloads: BTreeMap<WorkloadSlug, Workload>,
    pub(crate) runs: BTreeMap<RunId, RecordedRun>,
    pub(crate) rankings: BTreeMap<RankingScope, Ranking>,
    pub(crate) keys: Vec<ApiKey>,
    pub(crate) submissions: HashMap<(String, IdempotencyKey), KnownSubmission>,
}

/// What became of a submission.
#[derive(Debug)]
pub(crate) struct KnownSubmission {
    pub(crate) digest: [u8; 32],
    pub(crate) outcomes: Vec<RecordOutcome>,
    pub(crate) recorded_at: Timestamp,
}

/// What is known of one scope.
#[derive(Debug, Default)]
pub(crate) struct Ranking {
    pub(crate) revision: Revision,
    pub(crate) publications: BTreeMap<Revision, Publication>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            metrics: metrics::BUILT_IN.map(|metric| (metric.name.clone(), metric)).into(),
            llms: BTreeMap::new(),
            workloads: BTreeMap::new(),
            runs: BTreeMap::new(),
            rankings: BTreeMap::new(),
            keys: Vec::new(),
            submissions: HashMap::new(),
        }
    }
}

impl MemoryStore {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
