#![doc = include_str!("../README.md")]

mod bins;
mod bucket;
mod comparison;
mod contender;
mod day;
mod entrants;
mod estimate;
mod figure;
mod finding;
mod history_span;
mod identity;
mod llm;
mod llm_reference;
mod measurement;
mod metric;
mod more_runs;
mod name;
mod pool_bytes;
mod pooled_runs;
mod publication;
mod quantile_sketch;
mod ranking;
mod ratio;
mod replicates;
mod run;
mod significance;
mod simulation;
mod statistic;
mod strands;
mod summary;
mod verdict;
mod window;
mod workload;

pub use bucket::{Bucket, InvalidBucket};
pub use comparison::{ComparedLlm, ComparedPair, Comparison, compare};
pub use contender::Contender;
pub use day::{Day, PoolKey, SpanInDays};
pub use entrants::Entrants;
pub use estimate::{ConfidenceInterval, Estimate, Uncertainty};
pub use figure::Figure;
pub use finding::{Finding, FindingCode, Severity};
pub use history_span::{HistorySpan, InvalidHistorySpan};
pub use llm::{Llm, LlmId, LlmName, Provider};
pub use llm_reference::LlmReference;
pub use measurement::{
    InvalidMeasurement, Measurement, MissingPercentile, Quantiles, ReportedSummary,
};
pub use metric::{Direction, Metric, MetricName, Unit, metrics};
pub use more_runs::MoreRunsUnknown;
pub use name::InvalidName;
pub use pool_bytes::CorruptPool;
pub use pooled_runs::{PooledRun, PooledRuns, RunMeasurement};
pub use publication::{EntryId, Publication, RankingEntry, RankingScope};
pub use quantile_sketch::{CorruptSketch, QuantileSketch};
pub use ranking::{RankInterval, RankedLlm, Tier, rank};
pub use run::{ContentHash, InvalidRun, Provenance, Requests, Run, RunId, RunParts, Source, Tool};
pub use significance::{Standing, standings};
pub use simulation::{
    InvalidSimulation, LogNormal, Profile, Scenario, SimulatedRequest, Simulation,
};
pub use statistic::{Statistic, UnknownStatistic};
pub use summary::{InvalidSample, Summary, SummaryParts};
pub use verdict::{Grade, Verdict};
pub use window::{InvalidWindow, Window};
pub use workload::{Conditions, InvalidConditions, Workload, WorkloadSlug};

pub use {chrono, uuid};

/// A moment, in UTC. Runs know theirs to the microsecond.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
