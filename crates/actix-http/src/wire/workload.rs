use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::object::each_once;

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

/// The most labels of a workload.
const MAX_LABELS: usize = benchmark_domain::Conditions::MAX_LABELS;

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
    #[serde(deserialize_with = "each_once::<_, _, MAX_LABELS>")]
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

impl From<Conditions> for benchmark_domain::Conditions {
    fn from(conditions: Conditions) -> Self {
        let Conditions { input_tokens, output_tokens, concurrency, request_rate, region, labels } =
            conditions;
        Self { input_tokens, output_tokens, concurrency, request_rate, region, labels }
    }
}
