use std::collections::BTreeMap;

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    MetricName, Quantiles, ReportedSummary, RunParts, Timestamp, Verdict, metrics,
};
use benchmark_ports::RecordOutcome;
use schemars::JsonSchema;
use serde::Serialize;

use super::schema::{SourceName, VerdictName};
use super::{Finding, Llm, timestamp};

/// One benchmark of one LLM on one workload at one time.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Run {
    /// Derived from what the run says: recording it twice is recording it once.
    #[schemars(with = "Uuid")]
    pub id: String,
    /// What was measured.
    pub llm: Llm,
    /// Under which conditions.
    pub workload: String,
    /// Where it came from: `simulation`, `import`, `push` or `probe`.
    #[schemars(with = "SourceName")]
    pub source: String,
    /// When it started.
    #[schemars(with = "Timestamp")]
    pub started_at: String,
    /// When it was recorded.
    #[schemars(with = "Timestamp")]
    pub recorded_at: String,
    /// What measured it, where known.
    pub tool: Option<String>,
    /// That tool's version, where known.
    pub tool_version: Option<String>,
    /// How many requests it sent.
    pub attempted_requests: u64,
    /// How many of them failed.
    pub failed_requests: u64,
    /// The file it was read from, where it was.
    pub file_name: Option<String>,
    /// What it says, by metric.
    pub metrics: BTreeMap<String, Measurement>,
    /// What its figures were found to be worth when it was recorded.
    #[schemars(with = "VerdictName")]
    pub verdict: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl From<&benchmark_ports::RecordedRun> for Run {
    fn from(recorded: &benchmark_ports::RecordedRun) -> Self {
        let benchmark_ports::RecordedRun { run, recorded_at, verdict: Verdict { grade, findings } } =
            recorded;
        let RunParts {
            llm,
            workload,
            source,
            started_at,
            tool,
            requests,
            measurements,
            provenance,
        } = &**run;
        Self {
            id: run.id().to_string(),
            llm: llm.into(),
            workload: workload.slug.to_string(),
            source: source.as_str().to_owned(),
            started_at: timestamp(*started_at),
            recorded_at: timestamp(*recorded_at),
            tool: tool.as_ref().map(|tool| tool.name().to_owned()),
            tool_version: tool.as_ref().and_then(|tool| tool.version().map(str::to_owned)),
            attempted_requests: requests.attempted(),
            failed_requests: requests.failed(),
            file_name: provenance.as_ref().map(|provenance| provenance.file_name.clone()),
            metrics: measurements
                .iter()
                .map(|(metric, measurement)| {
                    (metric.to_string(), Measurement::of(metric, measurement))
                })
                .collect(),
            verdict: grade.to_string(),
            findings: findings.iter().map(Into::into).collect(),
        }
    }
}

/// What a run says about a metric, in the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Measurement {
    /// Summarised from samples; else a tool's own figures, as it wrote them.
    pub sampled: bool,
    /// How many samples are behind it, where known.
    pub count: Option<u64>,
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation, where known.
    pub standard_deviation: Option<f64>,
    /// The smallest value, where known.
    pub min: Option<f64>,
    /// The largest value, where known.
    pub max: Option<f64>,
    /// The median, where known.
    pub p50: Option<f64>,
    /// The 90th percentile, where known.
    pub p90: Option<f64>,
    /// The 95th percentile, where known.
    pub p95: Option<f64>,
    /// The 99th percentile, where known.
    pub p99: Option<f64>,
}

impl Measurement {
    fn of(metric: &MetricName, measurement: &benchmark_domain::Measurement) -> Self {
        let (sampled, standard_deviation, min, max) = match measurement {
            benchmark_domain::Measurement::Sampled(summary) => {
                (true, summary.standard_deviation(), summary.min(), summary.max())
            }
            benchmark_domain::Measurement::Reported(figures) => {
                let ReportedSummary { standard_deviation, min, max, .. } = figures;
                (false, *standard_deviation, *min, *max)
            }
        };
        // Those of zeros and ones say nothing of a rate.
        let quantiles = match *metric == metrics::ERROR_RATE {
            true => Quantiles::default(),
            false => measurement.quantiles(),
        };
        let Quantiles { p50, p90, p95, p99 } = quantiles;
        Self {
            sampled,
            count: measurement.count(),
            mean: measurement.mean(),
            standard_deviation,
            min,
            max,
            p50,
            p90,
            p95,
            p99,
        }
    }
}

/// What became of a run that was to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordedRun {
    /// The run's id.
    #[schemars(with = "Uuid")]
    pub id: String,
    /// Whether it was recorded now; else it was known before.
    pub new: bool,
    /// What its figures are worth. An `unrankable` run is kept and shown, and
    /// counts in no ranking.
    #[schemars(with = "VerdictName")]
    pub verdict: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl RecordedRun {
    /// What became of each run, in their order.
    pub fn all_of(runs: &[benchmark_domain::Run], outcomes: &[RecordOutcome]) -> Vec<Self> {
        let recorded = |(run, outcome): (&benchmark_domain::Run, &RecordOutcome)| {
            let Verdict { grade, findings } = Verdict::of(run);
            Self {
                id: run.id().to_string(),
                new: *outcome == RecordOutcome::New,
                verdict: grade.to_string(),
                findings: findings.iter().map(Into::into).collect(),
            }
        };
        runs.iter().zip(outcomes).map(recorded).collect()
    }
}

/// What became of a tool's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ImportedFile {
    /// The format that it was read as.
    pub format: String,
    /// Its runs, in the order in which they stand in it.
    pub runs: Vec<RecordedRun>,
    /// One sentence for each thing that was left out or counted otherwise than
    /// the tool does, and why.
    pub notes: Vec<String>,
}
