use std::collections::BTreeMap;

use benchmark_domain::{
    InvalidRun, Llm, LlmName, Measurement, MetricName, Provider, Requests, Run, RunParts, Source,
    Timestamp, Tool, Workload, WorkloadSlug, metrics,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::object::{by_name, optional};
use super::schema::{SLUG, VISIBLE};
use super::{Conditions, NewMeasurement, Refusal, moment};

/// The most metrics of one run.
const MAX_METRICS: usize = 64;

/// A run to be recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// The model.
    #[schemars(length(min = 1, max = 200), regex = "VISIBLE")]
    pub llm_name: String,
    /// Who serves it, where known.
    #[schemars(length(min = 1, max = 100), regex = "VISIBLE")]
    pub provider: Option<String>,
    /// The slug of the conditions. Where it is left out, the conditions name
    /// themselves (`550in-150out-c5`); without any, it is `default`.
    #[schemars(regex = "SLUG")]
    pub workload: Option<String>,
    /// The conditions themselves. A workload that is known keeps what it has, and
    /// refuses labels that it has not.
    #[serde(default, deserialize_with = "optional")]
    pub conditions: Option<Conditions>,
    /// When the run started, in RFC 3339; kept to the microsecond.
    #[schemars(with = "Timestamp")]
    pub started_at: String,
    /// What measured it, where known.
    #[serde(default, deserialize_with = "optional")]
    pub tool: Option<NewTool>,
    /// How its requests went. Where it is left out, as many as the metric with
    /// the most samples has were sent, `ITL` apart, and none failed.
    #[serde(default, deserialize_with = "optional")]
    pub requests: Option<NewRequests>,
    /// What was measured, by metric: at most 64 of them.
    #[serde(deserialize_with = "by_name::<_, _, MAX_METRICS>")]
    pub metrics: BTreeMap<String, NewMeasurement>,
}

/// What measured a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTool {
    /// The tool's name.
    #[schemars(length(min = 1, max = 100), regex = "VISIBLE")]
    pub name: String,
    /// Its version, where known.
    #[schemars(length(min = 1, max = 100), regex = "VISIBLE")]
    pub version: Option<String>,
}

/// How many requests a run sent, and how many of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequests {
    /// How many were sent.
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_u64))]
    pub attempted: u64,
    /// How many of them failed.
    #[serde(default)]
    #[schemars(range(max = 9_007_199_254_740_992_u64))]
    pub failed: u64,
}

impl NewRun {
    /// The run as the domain knows it.
    ///
    /// # Errors
    /// [`Refusal`] with the first field that cannot be, and why.
    pub fn into_domain(self, source: Source) -> Result<Run, Refusal> {
        let Self { llm_name, provider, workload, conditions, started_at, tool, requests, metrics } =
            self;
        let name = LlmName::parse(&llm_name).map_err(|e| Refusal::new("llm_name", e))?;
        let provider = provider
            .map(|provider| Provider::parse(&provider))
            .transpose()
            .map_err(|e| Refusal::new("provider", e))?;
        let started_at = moment(&started_at).map_err(|e| Refusal::new("started_at", e))?;
        let tool = tool
            .map(|NewTool { name, version }| Tool::parse(&name, version.as_deref()))
            .transpose()
            .map_err(|e| Refusal::new("tool", e))?;
        let measurements = measurements_of(metrics)?;
        let parts = RunParts {
            llm: Llm { name, provider },
            workload: workload_of(workload, conditions)?,
            source,
            started_at,
            tool,
            requests: requests_of(requests, &measurements)?,
            measurements,
            provenance: None,
        };
        Run::new(parts).map_err(|error| Refusal::new(culprit(&error), error))
    }
}

/// The field that makes parts no run.
fn culprit(error: &InvalidRun) -> String {
    match error {
        InvalidRun::Conditions(_) => "conditions".to_owned(),
        InvalidRun::NothingMeasured => "metrics".to_owned(),
        InvalidRun::ErrorRate => format!("metrics.{}", metrics::ERROR_RATE),
        InvalidRun::TooManySamples { metric, .. } | InvalidRun::Measurement { metric, .. } => {
            format!("metrics.{metric}")
        }
        InvalidRun::NothingAttempted => "requests".to_owned(),
        InvalidRun::ImplausibleStart => "started_at".to_owned(),
    }
}

fn workload_of(slug: Option<String>, conditions: Option<Conditions>) -> Result<Workload, Refusal> {
    let slug = slug
        .map(|slug| WorkloadSlug::parse(&slug))
        .transpose()
        .map_err(|reason| Refusal::new("workload", reason))?;
    let conditions = conditions.unwrap_or_default().into();
    Ok(match slug {
        Some(slug) => Workload { slug, conditions },
        None => Workload::derived(conditions),
    })
}

fn requests_of(
    requests: Option<NewRequests>,
    measurements: &BTreeMap<MetricName, Measurement>,
) -> Result<Requests, Refusal> {
    let Some(NewRequests { attempted, failed }) = requests else {
        if measurements.is_empty() {
            return Err(Refusal::new("metrics", InvalidRun::NothingMeasured));
        }
        // ITL has a sample for every token.
        let of_requests = measurements.iter().filter(|(metric, _)| **metric != metrics::ITL);
        let most = of_requests.filter_map(|(_, measurement)| measurement.count()).max();
        let reason = "is needed where no metric but ITL has samples or a count";
        return most.map(Requests::all_successful).ok_or_else(|| Refusal::new("requests", reason));
    };
    Requests::new(attempted, failed).ok_or_else(|| {
        let reason = format!(
            "{failed} failed of {attempted} attempted; no more can fail than were attempted, and \
             at most {} can be attempted",
            Requests::MAX
        );
        Refusal::new("requests", reason)
    })
}

fn measurements_of(
    metrics: BTreeMap<String, NewMeasurement>,
) -> Result<BTreeMap<MetricName, Measurement>, Refusal> {
    let mut measurements = BTreeMap::new();
    for (text, measurement) in metrics {
        let path = format!("metrics.{text}");
        let name = MetricName::parse(&text).map_err(|reason| Refusal::new(&path, reason))?;
        let measurement = measurement.into_domain().map_err(|refusal| refusal.within(&path))?;
        if measurements.insert(name, measurement).is_some() {
            return Err(Refusal::new(path, "is there twice, in upper and lower case"));
        }
    }
    Ok(measurements)
}
