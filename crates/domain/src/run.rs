use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::identity::{Fingerprint, uuid_of};
use crate::llm::{Llm, Provider};
use crate::measurement::{InvalidMeasurement, Measurement, Quantiles, ReportedSummary};
use crate::metric::{MetricName, metrics};
use crate::name::{InvalidName, free_text};
use crate::summary::{Summary, SummaryParts};
use crate::workload::{InvalidConditions, Workload};

/// Where a run came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Drawn by the simulator: for demonstrations, never a measurement.
    Simulation,
    /// Read from a load generator's result file.
    Import,
    /// Sent over the API.
    Push,
    /// Measured by the service itself.
    Probe,
}

impl Source {
    pub(crate) const ALL: [Self; 4] = [Self::Simulation, Self::Import, Self::Push, Self::Probe];

    /// `simulation`, `import`, `push` or `probe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simulation => "simulation",
            Self::Import => "import",
            Self::Push => "push",
            Self::Probe => "probe",
        }
    }

    /// The source that [`as_str`](Self::as_str) writes so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }
}

/// What measured a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    name: String,
    version: Option<String>,
}

impl Tool {
    /// A tool and, where known, its version, of 1 to 100 characters each.
    ///
    /// # Errors
    /// [`InvalidName`] if one is empty, too long or has a control character.
    pub fn parse(name: &str, version: Option<&str>) -> Result<Self, InvalidName> {
        Ok(Self {
            name: free_text("a tool", name, 100)?,
            version: version.map(|v| free_text("a tool's version", v, 100)).transpose()?,
        })
    }

    /// The tool's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tool's version, where known.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// How many requests a run sent, and how many of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    attempted: u64,
    failed: u64,
}

impl Requests {
    /// The most requests a run may have: what every store can count.
    pub const MAX: u64 = 1 << 53;

    /// So many requests; `None` if more failed than were attempted, or more
    /// than [`MAX`](Self::MAX) were.
    pub fn new(attempted: u64, failed: u64) -> Option<Self> {
        (failed <= attempted && attempted <= Self::MAX).then_some(Self { attempted, failed })
    }

    /// So many requests, at most [`MAX`](Self::MAX), none of which failed.
    pub fn all_successful(attempted: u64) -> Self {
        Self { attempted: attempted.min(Self::MAX), failed: 0 }
    }

    /// How many were sent.
    pub fn attempted(self) -> u64 {
        self.attempted
    }

    /// How many of them failed.
    pub fn failed(self) -> u64 {
        self.failed
    }

    /// How many did not fail.
    pub fn succeeded(self) -> u64 {
        self.attempted - self.failed
    }

    /// Both together, each count at most [`MAX`](Self::MAX).
    pub fn plus(self, other: Self) -> Self {
        let sum = |a: u64, b: u64| a.saturating_add(b).min(Self::MAX);
        Self {
            attempted: sum(self.attempted, other.attempted),
            failed: sum(self.failed, other.failed),
        }
    }
}

/// Which bytes a run was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
    /// The file's name, without its folder.
    pub file_name: String,
    /// The version of the importer that read it.
    pub importer_version: String,
}

/// Identifies a run; derived from its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// SHA-256 of what a run says. Two runs that say the same are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// What a run is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct RunParts {
    /// What was measured.
    pub llm: Llm,
    /// Under which conditions.
    pub workload: Workload,
    /// Where the run came from.
    pub source: Source,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// What measured it, where known.
    pub tool: Option<Tool>,
    /// How many requests it sent.
    pub requests: Requests,
    /// What it says, by metric.
    pub measurements: BTreeMap<MetricName, Measurement>,
    /// Which bytes it was read from, where it was.
    pub provenance: Option<Provenance>,
}

/// One benchmark of one LLM on one workload at one time: the unit of
/// replication. Immutable; its id is a hash of what it says, so that recording
/// it twice is recording it once.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    parts: RunParts,
    content_hash: ContentHash,
}

/// Why parts are not a run.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InvalidRun {
    /// Conditions that no workload can have.
    #[error(transparent)]
    Conditions(#[from] InvalidConditions),
    /// No metric was measured, not even the rate of errors.
    #[error("the run measured nothing")]
    NothingMeasured,
    /// What no metric can be measured as.
    #[error("{metric}: {source}")]
    Measurement {
        /// Which metric.
        metric: MetricName,
        /// What is wrong with it.
        source: InvalidMeasurement,
    },
    /// A rate of errors that is not that of the requests.
    #[error("ERROR_RATE follows from the requests and is not stated by itself")]
    ErrorRate,
    /// More samples of a metric than requests that could have given one.
    #[error("{metric} has {samples} samples of {successes} successful requests")]
    TooManySamples {
        /// Which metric.
        metric: MetricName,
        /// How many samples it has.
        samples: u64,
        /// How many requests succeeded.
        successes: u64,
    },
    /// No request was sent.
    #[error("the run attempted no request")]
    NothingAttempted,
    /// A start that not every store and format can write.
    #[error("the start is not between the years 1970 and 9999")]
    ImplausibleStart,
}

/// The metrics of which a successful request gives at most one sample.
const ONE_A_REQUEST: [MetricName; 4] =
    [metrics::TTFT, metrics::TPOT, metrics::E2E_LATENCY, metrics::TPS];

impl Run {
    /// A run of these parts. Its start is rounded down to the microsecond, and
    /// the rate of errors is added if the parts do not tell it.
    ///
    /// # Errors
    /// [`InvalidRun`] if nothing was attempted or measured, the start or the
    /// conditions are implausible, or the figures cannot be true by themselves or
    /// contradict the requests.
    pub fn new(mut parts: RunParts) -> Result<Self, InvalidRun> {
        parts.workload.conditions.check()?;
        if parts.requests.attempted() == 0 {
            return Err(InvalidRun::NothingAttempted);
        }
        let seconds = parts.started_at.timestamp();
        if !(0..253_402_300_800).contains(&seconds) {
            return Err(InvalidRun::ImplausibleStart);
        }
        let all_failed = parts.requests.succeeded() == 0;
        if parts.measurements.is_empty() && !all_failed {
            return Err(InvalidRun::NothingMeasured);
        }
        for (metric, measurement) in &parts.measurements {
            measurement.check().map_err(|source| {
                let metric = metric.clone();
                InvalidRun::Measurement { metric, source }
            })?;
        }
        parts.started_at = parts.started_at.trunc_subsecs(6);
        let Requests { attempted, failed } = parts.requests;
        for metric in ONE_A_REQUEST {
            let samples = parts.measurements.get(&metric).and_then(Measurement::count).unwrap_or(0);
            let successes = parts.requests.succeeded();
            if samples > successes {
                return Err(InvalidRun::TooManySamples { metric, samples, successes });
            }
        }
        let error_rate = Measurement::Sampled(Summary::of_rate(failed, attempted));
        match parts.measurements.entry(metrics::ERROR_RATE) {
            Entry::Vacant(vacant) => drop(vacant.insert(error_rate)),
            Entry::Occupied(stated) if *stated.get() == error_rate => {}
            Entry::Occupied(_) => return Err(InvalidRun::ErrorRate),
        }
        let content_hash = content_hash(&parts);
        Ok(Self { parts, content_hash })
    }

    /// The run's id.
    pub fn id(&self) -> RunId {
        RunId(uuid_of(&self.content_hash.0))
    }

    /// The hash of what the run says.
    pub fn content_hash(&self) -> ContentHash {
        self.content_hash
    }

    /// What the run says about each metric.
    pub fn measurements(&self) -> &BTreeMap<MetricName, Measurement> {
        &self.parts.measurements
    }
}

impl std::ops::Deref for Run {
    type Target = RunParts;

    fn deref(&self) -> &RunParts {
        &self.parts
    }
}

/// Everything that makes two runs different. Provenance does not: the same
/// measurements read from a copy of a file are the same run.
fn content_hash(parts: &RunParts) -> ContentHash {
    let RunParts {
        llm,
        workload,
        source,
        started_at,
        tool,
        requests: Requests { attempted, failed },
        measurements,
        provenance: _,
    } = parts;
    let mut fingerprint = Fingerprint::default();
    fingerprint
        .text(llm.name.as_str())
        .optional_text(llm.provider.as_ref().map(Provider::as_str))
        .text(workload.slug.as_str())
        .text(source.as_str())
        .bytes(&started_at.timestamp_micros().to_le_bytes())
        .optional_text(tool.as_ref().map(Tool::name))
        .optional_text(tool.as_ref().and_then(Tool::version))
        .integer(*attempted)
        .integer(*failed);
    for (metric, measurement) in measurements {
        fingerprint.text(metric.as_str());
        match measurement {
            Measurement::Sampled(summary) => add_summary(&mut fingerprint, summary),
            Measurement::Reported(figures) => add_figures(&mut fingerprint, figures),
        }
    }
    ContentHash(fingerprint.finish())
}

fn add_summary(fingerprint: &mut Fingerprint, summary: &Summary) {
    let SummaryParts { count, mean, squared_deviations, min, max, sketch } = summary.to_parts();
    fingerprint
        .text("sampled")
        .integer(count)
        .number(mean)
        .number(squared_deviations)
        .number(min)
        .number(max)
        .bytes(&sketch);
}

fn add_figures(fingerprint: &mut Fingerprint, figures: &ReportedSummary) {
    let ReportedSummary { mean, count, standard_deviation, min, max, quantiles } = figures;
    let Quantiles { p50, p90, p95, p99 } = *quantiles;
    fingerprint.text("reported").number(*mean).optional_number(count.map(|n| n as f64));
    for figure in [*standard_deviation, *min, *max, p50, p90, p95, p99] {
        fingerprint.optional_number(figure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::LlmName;

    fn parts() -> RunParts {
        RunParts {
            llm: Llm { name: LlmName::parse("a").unwrap(), provider: None },
            workload: Workload::default(),
            source: Source::Push,
            started_at: DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap(),
            tool: None,
            requests: Requests::new(4, 1).unwrap(),
            measurements: BTreeMap::from([(
                metrics::TTFT,
                Measurement::Sampled(Summary::from_samples(&[0.1, 0.2, 0.3]).unwrap()),
            )]),
            provenance: None,
        }
    }

    #[test]
    fn saying_the_same_is_being_the_same() {
        let run = Run::new(parts()).unwrap();
        assert_eq!(run.id(), Run::new(parts()).unwrap().id());
        let provenance = Some(Provenance {
            sha256: [7; 32],
            file_name: "copy.json".to_owned(),
            importer_version: "1".to_owned(),
        });
        assert_eq!(run.id(), Run::new(RunParts { provenance, ..parts() }).unwrap().id());
    }

    #[test]
    fn whatever_differs_makes_another_run() {
        let one = Run::new(parts()).unwrap().id();
        let later = parts().started_at + chrono::TimeDelta::microseconds(1);
        let others = [
            RunParts { started_at: later, ..parts() },
            RunParts { source: Source::Import, ..parts() },
            RunParts { requests: Requests::new(5, 1).unwrap(), ..parts() },
            RunParts { tool: Some(Tool::parse("x", None).unwrap()), ..parts() },
            RunParts {
                measurements: BTreeMap::new(),
                requests: Requests::new(4, 4).unwrap(),
                ..parts()
            },
        ];
        for other in others {
            assert_ne!(one, Run::new(other).unwrap().id());
        }
    }

    #[test]
    fn every_run_tells_its_rate_of_errors() {
        let run = Run::new(parts()).unwrap();
        assert_eq!(run.measurements()[&metrics::ERROR_RATE].mean(), 0.25);
    }

    #[test]
    fn figures_that_contradict_the_requests_are_refused() {
        let parts_with = |metric, samples: &[f64]| {
            let summary = Summary::from_samples(samples).unwrap();
            let measurements = BTreeMap::from([(metric, Measurement::Sampled(summary))]);
            Run::new(RunParts { measurements, ..parts() })
        };
        assert_eq!(parts_with(metrics::ERROR_RATE, &[0.0]), Err(InvalidRun::ErrorRate));
        let found = parts_with(metrics::E2E_LATENCY, &[1.0; 4]);
        assert!(matches!(found, Err(InvalidRun::TooManySamples { samples: 4, successes: 3, .. })));
        assert!(parts_with(metrics::ITL, &[0.01; 400]).is_ok(), "many gaps in a request");
    }

    #[test]
    fn figures_that_nothing_can_have_are_refused() {
        for (measurement, expected) in [
            (Measurement::Sampled(Summary::default()), InvalidMeasurement::Empty),
            (
                Measurement::Reported(ReportedSummary {
                    max: Some(0.5),
                    ..ReportedSummary::of_mean(1.0)
                }),
                InvalidMeasurement::Disordered,
            ),
        ] {
            let measurements = BTreeMap::from([(metrics::TTFT, measurement)]);
            let refused = Run::new(RunParts { measurements, ..parts() });
            let (metric, source) = (metrics::TTFT, expected);
            assert_eq!(refused, Err(InvalidRun::Measurement { metric, source }));
        }
    }

    #[test]
    fn a_run_that_says_nothing_is_refused() {
        let nothing = RunParts { measurements: BTreeMap::new(), ..parts() };
        assert_eq!(Run::new(nothing), Err(InvalidRun::NothingMeasured));
        let idle = RunParts { requests: Requests::default(), ..parts() };
        assert_eq!(Run::new(idle), Err(InvalidRun::NothingAttempted));
    }
}
