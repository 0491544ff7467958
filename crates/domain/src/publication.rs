use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::identity::{Fingerprint, uuid_of};
use crate::metric::MetricName;
use crate::ranking::RankedLlm;
use crate::statistic::Statistic;
use crate::window::Window;
use crate::workload::WorkloadSlug;

/// What a ranking is of: one metric on one workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RankingScope {
    /// What is measured.
    pub metric: MetricName,
    /// Under which conditions.
    pub workload: WorkloadSlug,
}

impl fmt::Display for RankingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.metric, self.workload)
    }
}

/// Identifies an entry of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub Uuid);

impl EntryId {
    /// The id of an entry that was computed for a reader and never published:
    /// as long as the entry stays the same, so does the id.
    pub fn derived(
        scope: &RankingScope,
        window: Window,
        statistic: Statistic,
        ranked: &RankedLlm,
    ) -> Self {
        let mut fingerprint = Fingerprint::default();
        fingerprint
            .text(scope.metric.as_str())
            .text(scope.workload.as_str())
            .text(&window.to_string())
            .text(statistic.as_str())
            .bytes(ranked.llm.id().0.as_bytes())
            .integer(ranked.rank as u64)
            .number(ranked.value)
            .bytes(&ranked.measured_at.timestamp_micros().to_le_bytes());
        Self(uuid_of(&fingerprint.finish()))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One entry of a ranking as it is served.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingEntry {
    /// Its id.
    pub id: EntryId,
    /// Who stands where, and how sure that is.
    pub ranked: RankedLlm,
}

/// A default ranking (each LLM's newest run, by mean) as it was published at
/// one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// What it ranks.
    pub scope: RankingScope,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// Its entries, the best one first.
    pub entries: Vec<RankingEntry>,
}
