use std::collections::BTreeMap;
use std::fmt::Display;

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    EntryId, MissingPercentile, Provider, Quantiles, RankInterval, RankedLlm, Statistic, Tier,
    Timestamp,
};
use benchmark_ports::{RankingQuery, RankingView};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::schema::{SourceName, StatisticName};
use super::{Direction, timestamp};

/// One LLM's place in the ranking of a metric on a workload. All values are in
/// the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RankingEntry<'a> {
    /// Identifies the entry.
    #[serde(serialize_with = "in_words")]
    pub id: Uuid,
    /// What is measured.
    pub metric: &'a str,
    /// The model.
    pub llm_name: &'a str,
    /// Who serves it, where known.
    pub provider: Option<&'a str>,
    /// The mean, whatever the ranking is by.
    pub mean_value: f64,
    /// The rank by `value`; equal values share one (1, 1, 3). LLMs that failed
    /// more than half of their requests rank after all others.
    pub rank: usize,
    /// When the newest run behind the entry started.
    #[schemars(with = "Timestamp")]
    pub timestamp: String,
    /// The unit of all values.
    pub unit: &'a str,
    /// The value that the ranking is by.
    pub value: f64,
    /// The lower end of the value's 95 % confidence interval, where known.
    pub ci_low: Option<f64>,
    /// The upper end of the value's 95 % confidence interval, where known.
    pub ci_high: Option<f64>,
    /// The best rank that the LLM may have: 1 + how many are significantly
    /// better.
    pub rank_low: usize,
    /// The worst rank that the LLM may have: all but those that are
    /// significantly worse.
    pub rank_high: usize,
    /// Fewer than three runs stand behind the entry, so that how far runs lie
    /// apart is not known, or nothing tells how sure its value is.
    pub provisional: bool,
    /// How many samples stand behind it, as far as its runs tell.
    pub sample_count: u64,
    /// How many runs stand behind it.
    pub run_count: usize,
    /// How many requests those runs sent, whatever they measured. With `latest`, where
    /// most requests of a newer run of the LLM failed, how many that one sent.
    pub attempted_requests: u64,
    /// How many of them failed.
    pub failed_requests: u64,
    /// More than half of them failed.
    pub mostly_failed: bool,
    /// The median, of 6 samples or more. Every percentile over three runs or more is
    /// the mean of the runs' own.
    pub p50: Option<f64>,
    /// The 90th percentile, of 36 samples or more.
    pub p90: Option<f64>,
    /// The 95th percentile, of 72 samples or more.
    pub p95: Option<f64>,
    /// The 99th percentile, of 368 samples or more.
    pub p99: Option<f64>,
    /// Why a percentile is null: for each that is, by its name, a reason such as
    /// `needs 368 samples, has 150`.
    #[serde(serialize_with = "by_name")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub missing: Vec<(&'static str, MissingPercentile)>,
    /// The conditions under which it was measured.
    pub workload: &'a str,
    /// Where the newest run came from: `simulation`, `import`, `push`, `probe`.
    #[schemars(with = "SourceName")]
    pub source: &'static str,
}

impl<'a> RankingEntry<'a> {
    fn new(ranking: &'a RankingView, entry: &'a benchmark_domain::RankingEntry) -> Self {
        let benchmark_domain::RankingEntry { id: EntryId(id), ranked } = entry;
        let RankedLlm {
            llm,
            rank,
            rank_interval: RankInterval { low: rank_low, high: rank_high },
            tier,
            value,
            interval,
            provisional,
            mean,
            quantiles: Quantiles { p50, p90, p95, p99 },
            sample_count,
            run_count,
            requests,
            source,
            measured_at,
        } = ranked;
        Self {
            id: *id,
            metric: ranking.metric.name.as_str(),
            llm_name: llm.name.as_str(),
            provider: llm.provider.as_ref().map(Provider::as_str),
            mean_value: *mean,
            rank: *rank,
            timestamp: timestamp(*measured_at),
            unit: ranking.metric.unit.as_str(),
            value: *value,
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
            rank_low: *rank_low,
            rank_high: *rank_high,
            provisional: *provisional,
            sample_count: *sample_count,
            run_count: *run_count,
            attempted_requests: requests.attempted(),
            failed_requests: requests.failed(),
            mostly_failed: *tier == Tier::MostlyFailed,
            p50: *p50,
            p90: *p90,
            p95: *p95,
            p99: *p99,
            missing: missing(ranking, ranked),
            workload: ranking.query.workload.as_str(),
            source: source.as_str(),
        }
    }

    /// The entries of a ranking, the best one first.
    pub fn all_of(ranking: &'a RankingView) -> Vec<Self> {
        ranking.entries().map(|entry| Self::new(ranking, entry)).collect()
    }
}

/// As it is displayed.
fn in_words<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// An object that has each reason, in words, under its percentile's name.
fn by_name<S: Serializer>(
    missing: &[(&'static str, MissingPercentile)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Reason<'a>(#[serde(serialize_with = "in_words")] &'a MissingPercentile);

    serializer.collect_map(missing.iter().map(|(name, reason)| (name, Reason(reason))))
}

fn missing(ranking: &RankingView, ranked: &RankedLlm) -> Vec<(&'static str, MissingPercentile)> {
    let reason = |statistic: Statistic| {
        Some((statistic.as_str(), ranked.missing(&ranking.metric.name, statistic)?))
    };
    Statistic::ALL.into_iter().filter_map(reason).collect()
}

/// The ranking of one metric among those of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Ranking<'a> {
    /// What is measured.
    pub metric: &'a str,
    /// The unit of all values.
    pub unit: &'a str,
    /// Which values are better.
    pub better: Direction,
    /// The conditions under which it was measured.
    pub workload: &'a str,
    /// Which runs count: `latest`, `all`, or a duration such as `7d`.
    pub window: String,
    /// What the ranking is by: `mean`, `p50`, `p90`, `p95` or `p99`.
    #[schemars(with = "StatisticName")]
    pub statistic: &'static str,
    /// The entries, the best one first.
    pub entries: Vec<RankingEntry<'a>>,
    /// Who is not ranked although there are runs, and why; how many entries there
    /// are, where more follow.
    pub message: Option<&'a str>,
}

impl<'a> From<&'a RankingView> for Ranking<'a> {
    fn from(ranking: &'a RankingView) -> Self {
        let RankingView { metric, query, ranking: _, message } = ranking;
        let RankingQuery { workload, window, statistic, .. } = query;
        Self {
            metric: metric.name.as_str(),
            unit: metric.unit.as_str(),
            better: metric.direction.into(),
            workload: workload.as_str(),
            window: window.to_string(),
            statistic: statistic.as_str(),
            entries: RankingEntry::all_of(ranking),
            message: message.as_deref(),
        }
    }
}
