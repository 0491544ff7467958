use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    ConfidenceInterval, EntryId, Llm, Quantiles, RankInterval, RankedLlm, RankingEntry,
    RankingScope, Source, Tier,
};
use benchmark_ports::{Revision, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{
    BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};

use super::llm::llm;
use super::run::requests;
use crate::bulk_insert::BulkInsert;
use crate::columns::{count, integer, moment, timestamp};
use crate::schema::benchmark;

/// An entry of a publication.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = benchmark)]
pub(crate) struct BenchmarkRow {
    pub(crate) id: Uuid,
    pub(crate) metric: String,
    pub(crate) workload: String,
    pub(crate) revision: i64,
    pub(crate) llm_name: String,
    pub(crate) provider: Option<String>,
    pub(crate) mean_value: f64,
    pub(crate) rank: i32,
    pub(crate) rank_low: i32,
    pub(crate) rank_high: i32,
    pub(crate) tier: String,
    pub(crate) value: f64,
    pub(crate) ci_low: Option<f64>,
    pub(crate) ci_high: Option<f64>,
    pub(crate) provisional: bool,
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) sample_count: i64,
    pub(crate) run_count: i64,
    pub(crate) attempted_requests: i64,
    pub(crate) failed_requests: i64,
    pub(crate) source: String,
    pub(crate) timestamp: PgTimestamp,
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
            id: id.0,
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
            timestamp: moment(measured_at),
        })
    }
}

impl BenchmarkRow {
    /// The insertion of new rows.
    pub(crate) fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("benchmark", rows)
            .column::<SqlUuid, _>("id", |row| row.id)
            .column::<Text, _>("metric", |row| row.metric.as_str())
            .column::<Text, _>("workload", |row| row.workload.as_str())
            .column::<BigInt, _>("revision", |row| row.revision)
            .column::<Text, _>("llm_name", |row| row.llm_name.as_str())
            .column::<Nullable<Text>, _>("provider", |row| row.provider.as_deref())
            .column::<Double, _>("mean_value", |row| row.mean_value)
            .column::<Integer, _>("rank", |row| row.rank)
            .column::<Integer, _>("rank_low", |row| row.rank_low)
            .column::<Integer, _>("rank_high", |row| row.rank_high)
            .column::<Text, _>("tier", |row| row.tier.as_str())
            .column::<Double, _>("value", |row| row.value)
            .column::<Nullable<Double>, _>("ci_low", |row| row.ci_low)
            .column::<Nullable<Double>, _>("ci_high", |row| row.ci_high)
            .column::<Bool, _>("provisional", |row| row.provisional)
            .column::<Nullable<Double>, _>("p50", |row| row.p50)
            .column::<Nullable<Double>, _>("p90", |row| row.p90)
            .column::<Nullable<Double>, _>("p95", |row| row.p95)
            .column::<Nullable<Double>, _>("p99", |row| row.p99)
            .column::<BigInt, _>("sample_count", |row| row.sample_count)
            .column::<BigInt, _>("run_count", |row| row.run_count)
            .column::<BigInt, _>("attempted_requests", |row| row.attempted_requests)
            .column::<BigInt, _>("failed_requests", |row| row.failed_requests)
            .column::<Text, _>("source", |row| row.source.as_str())
            .column::<Timestamptz, _>("timestamp", |row| row.timestamp)
    }
}

impl TryFrom<BenchmarkRow> for RankingEntry {
    type Error = StoreError;

    fn try_from(row: BenchmarkRow) -> Result<Self, StoreError> {
        let id = row.id;
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
        measured_at: timestamp(measured_at)?,
    };
    Some(RankingEntry { id: EntryId(id), ranked })
}

fn tier_text(tier: Tier) -> &'static str {
    match tier {
        Tier::Reliable => "reliable",
        Tier::MostlyFailed => "mostly_failed",
    }
}
