use benchmark_application::{ComparedMetric, ComparisonView};
use benchmark_domain::uuid::Uuid;
use benchmark_domain::{ComparedLlm, ComparedPair, Tier};
use schemars::JsonSchema;
use serde::Serialize;

use super::schema::StatisticName;
use super::{Direction, Llm};

/// How LLMs differ, side by side on every metric.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Comparison {
    /// Which LLMs, in the order in which they were asked for.
    pub llms: Vec<Llm>,
    /// The conditions under which they were measured.
    pub workload: String,
    /// Which runs count: `latest`, `all`, or a duration such as `7d`.
    pub window: String,
    /// What is compared: `mean`, `p50`, `p90`, `p95` or `p99`.
    #[schemars(with = "StatisticName")]
    pub statistic: String,
    /// Every metric that at least one of them has runs of, by name.
    pub metrics: Vec<MetricComparison>,
}

impl From<&ComparisonView> for Comparison {
    fn from(view: &ComparisonView) -> Self {
        let ComparisonView { llms, workload, window, statistic, metrics, message: _ } = view;
        Self {
            llms: llms.iter().map(Llm::from).collect(),
            workload: workload.to_string(),
            window: window.to_string(),
            statistic: statistic.to_string(),
            metrics: metrics.iter().map(MetricComparison::from).collect(),
        }
    }
}

/// How LLMs differ in one metric. All values are in its unit.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MetricComparison {
    /// What is measured.
    pub metric: String,
    /// The unit of all values.
    pub unit: String,
    /// Which values are better.
    pub better: Direction,
    /// Those of the LLMs that have a value, in their order.
    pub values: Vec<ComparedValue>,
    /// Each two of those.
    pub pairs: Vec<Difference>,
    /// Who is left out although there are runs, and why.
    pub message: Option<String>,
}

impl From<&ComparedMetric> for MetricComparison {
    fn from(compared: &ComparedMetric) -> Self {
        let ComparedMetric { metric, comparison, message } = compared;
        let benchmark_domain::Comparison { llms, pairs } = comparison;
        Self {
            metric: metric.name.to_string(),
            unit: metric.unit.to_string(),
            better: metric.direction.into(),
            values: llms.iter().map(ComparedValue::from).collect(),
            pairs: pairs.iter().map(Difference::from).collect(),
            message: message.clone(),
        }
    }
}

/// The value of one LLM, and how sure that is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ComparedValue {
    /// The LLM's id.
    #[schemars(with = "Uuid")]
    pub llm: String,
    /// The value.
    pub value: f64,
    /// The lower end of its 95 % confidence interval, where known.
    pub ci_low: Option<f64>,
    /// The upper end of its 95 % confidence interval, where known.
    pub ci_high: Option<f64>,
    /// Fewer than three runs stand behind it, so that how far runs lie apart is
    /// not known, or nothing tells how sure its value is.
    pub provisional: bool,
    /// How many samples stand behind it, as far as its runs tell.
    pub sample_count: u64,
    /// How many runs stand behind it.
    pub run_count: usize,
    /// How many requests those runs sent.
    pub attempted_requests: u64,
    /// How many of them failed.
    pub failed_requests: u64,
    /// More than half of them failed.
    pub mostly_failed: bool,
}

impl From<&ComparedLlm> for ComparedValue {
    fn from(compared: &ComparedLlm) -> Self {
        let ComparedLlm { llm, estimate, provisional, tier, sample_count, run_count, requests } =
            compared;
        Self {
            llm: llm.id().to_string(),
            value: estimate.value,
            ci_low: estimate.interval.map(|interval| interval.low),
            ci_high: estimate.interval.map(|interval| interval.high),
            provisional: *provisional,
            sample_count: *sample_count,
            run_count: *run_count,
            attempted_requests: requests.attempted(),
            failed_requests: requests.failed(),
            mostly_failed: *tier == Tier::MostlyFailed,
        }
    }
}

/// How two LLMs differ in one metric.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Difference {
    /// The id of the first one.
    #[schemars(with = "Uuid")]
    pub first: String,
    /// The id of the second one.
    #[schemars(with = "Uuid")]
    pub second: String,
    /// The value of the first one.
    pub first_value: f64,
    /// The value of the second one.
    pub second_value: f64,
    /// Second - first.
    pub difference: f64,
    /// The lower end of the difference's 95 % confidence interval, where known;
    /// of this pair alone.
    pub difference_low: Option<f64>,
    /// The upper end of the difference's 95 % confidence interval, where known.
    pub difference_high: Option<f64>,
    /// Second / first; null where the first one is 0.
    pub ratio: Option<f64>,
    /// The lower end of the ratio's 95 % confidence interval, where known; of
    /// this pair alone, by Fieller's theorem.
    pub ratio_low: Option<f64>,
    /// The upper end of the ratio's 95 % confidence interval, where known.
    pub ratio_high: Option<f64>,
    /// The p-value of Welch's t-test, adjusted by Holm's method over all pairs
    /// of the metric; null where too little is known.
    pub p_value: Option<f64>,
    /// Whether the difference is significant at 5 % among all pairs of the
    /// metric.
    pub significant: bool,
    /// Fewer than three runs stand behind one of them.
    pub provisional: bool,
    /// How many more runs of each would separate them by 5 %: after so many the
    /// test would find a true difference of 5 % of the better value with a
    /// probability of 80 %. 0 where the runs there are would.
    pub more_runs: Option<u32>,
    /// Why `more_runs` is null.
    pub more_runs_unknown: Option<String>,
}

impl From<&ComparedPair> for Difference {
    fn from(pair: &ComparedPair) -> Self {
        let ComparedPair {
            first,
            second,
            first_value,
            second_value,
            difference,
            difference_interval,
            ratio,
            ratio_interval,
            p_value,
            provisional,
            more_runs,
        } = pair;
        Self {
            first: first.to_string(),
            second: second.to_string(),
            first_value: *first_value,
            second_value: *second_value,
            difference: *difference,
            difference_low: difference_interval.map(|interval| interval.low),
            difference_high: difference_interval.map(|interval| interval.high),
            ratio: *ratio,
            ratio_low: ratio_interval.map(|interval| interval.low),
            ratio_high: ratio_interval.map(|interval| interval.high),
            p_value: *p_value,
            significant: pair.is_significant(),
            provisional: *provisional,
            more_runs: more_runs.ok(),
            more_runs_unknown: more_runs.err().map(|reason| reason.to_string()),
        }
    }
}
