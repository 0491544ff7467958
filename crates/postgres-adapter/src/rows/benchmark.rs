use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    ConfidenceInterval, EntryId, Llm, LlmName, Provider, Quantiles, RankInterval, RankedLlm,
    RankingEntry, RankingScope, Source, Tier,
};
use benchmark_ports::{Revision, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{
    BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};

use super::run::requests;
use crate::bulk_insert::BulkInsert;
use crate::columns::{Parse, Parsed, count, integer, moment, timestamp};
use crate::schema::benchmark;

/// An entry of a publication, and which publication that is.
#[derive(Debug)]
pub(crate) struct BenchmarkRow {
    metric: String,
    workload: String,
    revision: i64,
    entry: EntryRow,
}

/// An entry of a publication.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = benchmark)]
pub(crate) struct EntryRow {
    id: Uuid,
    llm_name: Parsed<LlmName>,
    provider: Option<Parsed<Provider>>,
    mean_value: f64,
    rank: i32,
    rank_low: i32,
    rank_high: i32,
    tier: Parsed<Tier>,
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
    source: Parsed<Source>,
    timestamp: PgTimestamp,
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
        let entry = EntryRow {
            id: id.0,
            llm_name: Parsed(name),
            provider: provider.map(Parsed),
            mean_value: mean,
            rank: integer(rank)?,
            rank_low: integer(rank_interval.low)?,
            rank_high: integer(rank_interval.high)?,
            tier: Parsed(tier),
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
            source: Parsed(source),
            timestamp: moment(measured_at),
        };
        Ok(Self {
            metric: scope.metric.to_string(),
            workload: scope.workload.to_string(),
            revision: revision.0,
            entry,
        })
    }
}

impl BenchmarkRow {
    /// The insertion of new rows.
    pub(crate) fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("benchmark", rows)
            .column::<SqlUuid, _>("id", |row| row.entry.id)
            .column::<Text, _>("metric", |row| row.metric.as_str())
            .column::<Text, _>("workload", |row| row.workload.as_str())
            .column::<BigInt, _>("revision", |row| row.revision)
            .column::<Text, _>("llm_name", |row| row.entry.llm_name.0.as_str())
            .column::<Nullable<Text>, _>("provider", |row| {
                Some(row.entry.provider.as_ref()?.0.as_str())
            })
            .column::<Double, _>("mean_value", |row| row.entry.mean_value)
            .column::<Integer, _>("rank", |row| row.entry.rank)
            .column::<Integer, _>("rank_low", |row| row.entry.rank_low)
            .column::<Integer, _>("rank_high", |row| row.entry.rank_high)
            .column::<Text, _>("tier", |row| tier_text(row.entry.tier.0))
            .column::<Double, _>("value", |row| row.entry.value)
            .column::<Nullable<Double>, _>("ci_low", |row| row.entry.ci_low)
            .column::<Nullable<Double>, _>("ci_high", |row| row.entry.ci_high)
            .column::<Bool, _>("provisional", |row| row.entry.provisional)
            .column::<Nullable<Double>, _>("p50", |row| row.entry.p50)
            .column::<Nullable<Double>, _>("p90", |row| row.entry.p90)
            .column::<Nullable<Double>, _>("p95", |row| row.entry.p95)
            .column::<Nullable<Double>, _>("p99", |row| row.entry.p99)
            .column::<BigInt, _>("sample_count", |row| row.entry.sample_count)
            .column::<BigInt, _>("run_count", |row| row.entry.run_count)
            .column::<BigInt, _>("attempted_requests", |row| row.entry.attempted_requests)
            .column::<BigInt, _>("failed_requests", |row| row.entry.failed_requests)
            .column::<Text, _>("source", |row| row.entry.source.0.as_str())
            .column::<Timestamptz, _>("timestamp", |row| row.entry.timestamp)
    }
}

impl TryFrom<EntryRow> for RankingEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let id = row.id;
        read(row).ok_or_else(|| StoreError::corrupt(format!("ranking entry {id}")))
    }
}

fn read(row: EntryRow) -> Option<RankingEntry> {
    let EntryRow {
        id,
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
        llm: Llm { name: llm_name.0, provider: provider.map(|provider| provider.0) },
        rank: count(rank)?,
        rank_interval: RankInterval { low: count(rank_low)?, high: count(rank_high)? },
        tier: tier.0,
        value,
        interval: ci_low.zip(ci_high).map(|(low, high)| ConfidenceInterval { low, high }),
        provisional,
        mean: mean_value,
        quantiles: Quantiles { p50, p90, p95, p99 },
        sample_count: count(sample_count)?,
        run_count: count(run_count)?,
        requests: requests(attempted_requests, failed_requests)?,
        source: source.0,
        measured_at: timestamp(measured_at)?,
    };
    Some(RankingEntry { id: EntryId(id), ranked })
}

impl Parse for Tier {
    fn parse(text: &str) -> Option<Self> {
        [Self::Reliable, Self::MostlyFailed].into_iter().find(|tier| tier_text(*tier) == text)
    }
}

fn tier_text(tier: Tier) -> &'static str {
    match tier {
        Tier::Reliable => "reliable",
        Tier::MostlyFailed => "mostly_failed",
    }
}
