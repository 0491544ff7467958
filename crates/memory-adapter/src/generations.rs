use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use benchmark_domain::WorkloadSlug;
use quick_cache::DefaultHashBuilder;

/// How often each workload was forgotten. There are fewer counters than there
/// may be workloads: where two share one, forgetting the one loads the other
/// again once too often.
pub(crate) struct Generations {
    of_workloads: Box<[AtomicU64]>,
    of_all: AtomicU64,
    hasher: DefaultHashBuilder,
}

impl Generations {
    const COUNTERS: usize = 4096;

    /// The present generation of a workload: a number that it never had before
    /// it was last forgotten.
    pub(crate) fn now(&self, workload: &WorkloadSlug) -> u64 {
        // Both only grow, so that their sum is another one after either did.
        self.of(workload).load(Ordering::Acquire) + self.of_all.load(Ordering::Acquire)
    }

    /// Begins a new generation of a workload.
    pub(crate) fn end(&self, workload: &WorkloadSlug) {
        self.of(workload).fetch_add(1, Ordering::AcqRel);
    }

    /// Begins a new generation of every workload.
    pub(crate) fn end_all(&self) {
        self.of_all.fetch_add(1, Ordering::AcqRel);
    }

    fn of(&self, workload: &WorkloadSlug) -> &AtomicU64 {
        let hash = self.hasher.hash_one(workload);
        &self.of_workloads[hash as usize % Self::COUNTERS]
    }
}

impl Default for Generations {
    fn default() -> Self {
        Self {
            of_workloads: (0..Self::COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            of_all: AtomicU64::new(0),
            hasher: DefaultHashBuilder::default(),
        }
    }
}
