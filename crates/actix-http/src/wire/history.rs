use std::cmp::Reverse;
use std::collections::BTreeMap;

use benchmark_application::HistoryView;
use benchmark_domain::{RankedLlm, Tier, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Direction, Llm, timestamp};

/// How value and rank of LLMs changed over time. All values are in the metric's
/// unit.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct History {
    /// What is measured.
    pub metric: String,
    /// The unit of all values.
    pub unit: String,
    /// Which values are better.
    pub better: Direction,
    /// The conditions under which it was measured.
    pub workload: String,
    /// One per LLM, by its last rank.
    pub series: Vec<Series>,
}

/// How value and rank of one LLM changed over time.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Series {
    /// Which LLM.
    pub llm: Llm,
    /// One per publication in which it stands, the first one first.
    pub points: Vec<HistoryPoint>,
}

/// An LLM's place in the default ranking (each LLM's latest run, by its mean) as
/// it was published at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct HistoryPoint {
    /// When the ranking was published.
    #[schemars(with = "Timestamp")]
    pub published_at: String,
    /// When the run started that the value is of.
    #[schemars(with = "Timestamp")]
    pub timestamp: String,
    /// The value.
    pub value: f64,
    /// The lower end of its 95 % confidence interval, where known.
    pub ci_low: Option<f64>,
    /// The upper end of its 95 % confidence interval, where known.
    pub ci_high: Option<f64>,
    /// The rank by the value.
    pub rank: usize,
    /// The best rank that the LLM may have had.
    pub rank_low: usize,
    /// The worst rank that the LLM may have had.
    pub rank_high: usize,
    /// Fewer than three runs stood behind it.
    pub provisional: bool,
    /// More than half of the requests had failed.
    pub mostly_failed: bool,
}

impl From<&HistoryView> for History {
    fn from(view: &HistoryView) -> Self {
        let HistoryView { metric, workload, publications, earlier: _, message: _ } = view;
        let mut points: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for publication in publications {
            for entry in &publication.entries {
                let point = HistoryPoint::new(publication.published_at, &entry.ranked);
                points.entry(&entry.ranked.llm).or_default().push(point);
            }
        }
        let mut series: Vec<_> =
            points.into_iter().map(|(llm, points)| Series { llm: llm.into(), points }).collect();
        // An LLM that is not in the last publication comes after those that are.
        series.sort_by_key(|series| {
            series.points.last().map(|last| (Reverse(last.published_at.clone()), last.rank))
        });
        Self {
            metric: metric.name.to_string(),
            unit: metric.unit.to_string(),
            better: metric.direction.into(),
            workload: workload.to_string(),
            series,
        }
    }
}

impl HistoryPoint {
    fn new(published_at: Timestamp, ranked: &RankedLlm) -> Self {
        let RankedLlm {
            llm: _,
            rank,
            rank_interval,
            tier,
            value,
            interval,
            provisional,
            mean: _,
            quantiles: _,
            sample_count: _,
            run_count: _,
            requests: _,
            source: _,
            measured_at,
        } = ranked;
        Self {
            published_at: timestamp(published_at),
            timestamp: timestamp(*measured_at),
            value: *value,
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
            rank: *rank,
            rank_low: rank_interval.low,
            rank_high: rank_interval.high,
            provisional: *provisional,
            mostly_failed: *tier == Tier::MostlyFailed,
        }
    }
}
