use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Refusal;

/// The conditions under which numbers may be compared.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Workload {
    /// How it is asked for.
    pub slug: String,
    /// What it asks of an endpoint, as far as it is known.
    pub conditions: Conditions,
}

impl From<&benchmark_domain::Workload> for Workload {
    fn from(workload: &benchmark_domain::Workload) -> Self {
        let benchmark_domain::Workload { slug, conditions } = workload;
        Self { slug: slug.to_string(), conditions: conditions.into() }
    }
}

/// What a workload asks of an endpoint, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// Mean input tokens per request.
    pub input_tokens: Option<u32>,
    /// Mean output tokens per request.
    pub output_tokens: Option<u32>,
    /// Requests in flight at a time.
    pub concurrency: Option<u32>,
    /// Requests sent per second, where the load was open.
    #[schemars(range(min = 0))]
    pub request_rate: Option<f64>,
    /// Where the client ran.
    #[schemars(length(min = 1, max = 100))]
    pub region: Option<String>,
    /// Whatever else tells two workloads apart: at most 32 labels.
    pub labels: BTreeMap<String, String>,
}

impl From<&benchmark_domain::Conditions> for Conditions {
    fn from(conditions: &benchmark_domain::Conditions) -> Self {
        let benchmark_domain::Conditions {
            input_tokens,
            output_tokens,
            concurrency,
            request_rate,
            region,
            labels,
        } = conditions.clone();
        Self { input_tokens, output_tokens, concurrency, request_rate, region, labels }
    }
}

impl Conditions {
    const MAX_LABELS: usize = 32;
    const MAX_CHARS: usize = 100;

    /// The conditions as the domain knows them.
    pub(super) fn into_domain(self) -> Result<benchmark_domain::Conditions, Refusal> {
        let Self { input_tokens, output_tokens, concurrency, request_rate, region, labels } = self;
        if request_rate.is_some_and(|rate| rate < 0.0) {
            return Err(Refusal::new("conditions.request_rate", "is negative"));
        }
        if let Some(region) = &region {
            check_text("conditions.region", region)?;
        }
        if labels.len() > Self::MAX_LABELS {
            let reason =
                format!("{} labels, at most {} are allowed", labels.len(), Self::MAX_LABELS);
            return Err(Refusal::new("conditions.labels", reason));
        }
        for text in labels.iter().flat_map(|(name, value)| [name, value]) {
            check_text("conditions.labels", text)?;
        }
        Ok(benchmark_domain::Conditions {
            input_tokens,
            output_tokens,
            concurrency,
            request_rate,
            region,
            labels,
        })
    }
}

fn check_text(path: &str, text: &str) -> Result<(), Refusal> {
    let length = text.chars().count();
    if !(1..=Conditions::MAX_CHARS).contains(&length) {
        let reason = format!("has {length} characters, 1 to {} are allowed", Conditions::MAX_CHARS);
        return Err(Refusal::new(path, reason));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(character) => Err(Refusal::new(path, format!("must not contain {character:?}"))),
        None => Ok(()),
    }
}
