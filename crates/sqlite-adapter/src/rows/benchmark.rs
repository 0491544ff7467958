use benchmark_domain::{
    ConfidenceInterval, EntryId, Llm, Quantiles, RankInterval, RankedLlm, RankingEntry,
    RankingScope, Source, Tier,
};
use benchmark_ports::{Revision, StoreError};
use diesel::prelude::*;

use super::llm::llm;
use super::run::requests;
use crate::columns::{count, integer, timestamp, timestamp_text, uuid};
use crate::schema::benchmark;

/// An entry of a publication.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = benchmark, treat_none_as_default_value = false)]
pub(crate) struct BenchmarkRow {
    id: String,
    metric: String,
    workload: String,
    pub(crate) revision: i64,
    llm_name: String,
    provider: Option<String>,
    mean_value: f64,
    rank: i64,
    rank_low: i64,
    rank_high: i64,
    tier: String,
    value: f64,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    provisional: bool,
    p50: Option<f64>,
    p90: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    sample_count: i64,
    run_count: i64,
    attempted_requests: i64,
    failed_requests: i64,
    source: String,
    timestamp: String,
}

impl BenchmarkRow {
    /// The row of an entry of a publication.
    pub(crate) fn of(
        scope: &RankingScope,
        revision: Revision,
        entry: RankingEntry,
    ) -> Result<Self, StoreError> {
        let RankingEntry { id, ranked } = entry;
        let RankedLlm {
            llm: Llm { name, provider },
            rank,
            rank_interval,
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
        Ok(Self {
            id: id.to_string(),
            metric: scope.metric.to_string(),
            workload: scope.workload.to_string(),
            revision: revision.0,
            llm_name: name.to_string(),
            provider: provider.map(|provider| provider.to_string()),
            mean_value: mean,
            rank: integer(rank)?,
            rank_low: integer(rank_interval.low)?,
            rank_high: integer(rank_interval.high)?,
            tier: tier_text(tier).to_owned(),
            value,
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
            provisional,
            p50,
            p90,
            p95,
            p99,
            sample_count: integer(sample_count)?,
            run_count: integer(run_count)?,
            attempted_requests: integer(requests.attempted())?,
            failed_requests: integer(requests.failed())?,
            source: source.as_str().to_owned(),
            timestamp: timestamp_text(measured_at),
        })
    }
}

impl TryFrom<BenchmarkRow> for RankingEntry {
    type Error = StoreError;

    fn try_from(row: BenchmarkRow) -> Result<Self, StoreError> {
        let id = row.id.clone();
        read(row).ok_or_else(|| StoreError::corrupt(format!("ranking entry {id}")))
    }
}

fn read(row: BenchmarkRow) -> Option<RankingEntry> {
    let BenchmarkRow {
        id,
        metric: _,
        workload: _,
        revision: _,
        llm_name,
        provider,
        mean_value,
        rank,
        rank_low,
        rank_high,
        tier,
        value,
        ci_low,
        ci_high,
        provisional,
        p50,
        p90,
        p95,
        p99,
        sample_count,
        run_count,
        attempted_requests,
        failed_requests,
        source,
        timestamp: measured_at,
    } = row;
    let ranked = RankedLlm {
        llm: llm(&llm_name, provider.as_deref())?,
        rank: count(rank)?,
        rank_interval: RankInterval { low: count(rank_low)?, high: count(rank_high)? },
        tier: [Tier::Reliable, Tier::MostlyFailed].into_iter().find(|t| tier_text(*t) == tier)?,
        value,
        interval: ci_low.zip(ci_high).map(|(low, high)| ConfidenceInterval { low, high }),
        provisional,
        mean: mean_value,
        quantiles: Quantiles { p50, p90, p95, p99 },
        sample_count: count(sample_count)?,
        run_count: count(run_count)?,
        requests: requests(attempted_requests, failed_requests)?,
        source: Source::parse(&source)?,
        measured_at: timestamp(&measured_at)?,
    };
    Some(RankingEntry { id: EntryId(uuid(&id)?), ranked })
}

fn tier_text(tier: Tier) -> &'static str {
    match tier {
        Tier::Reliable => "reliable",
        Tier::MostlyFailed => "mostly_failed",
    }
}
