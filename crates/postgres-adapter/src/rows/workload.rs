use benchmark_domain::{Conditions, Workload, WorkloadSlug};
use benchmark_ports::StoreError;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Jsonb, Nullable, Text};
use serde_json::Value;

use crate::bulk_insert::BulkInsert;
use crate::columns::count;
use crate::schema::workloads;

/// A workload in its table.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = workloads)]
pub(crate) struct WorkloadRow {
    pub(crate) slug: String,
    pub(crate) input_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    pub(crate) concurrency: Option<i64>,
    pub(crate) request_rate: Option<f64>,
    pub(crate) region: Option<String>,
    pub(crate) labels: Value,
}

impl TryFrom<&Workload> for WorkloadRow {
    type Error = StoreError;

    fn try_from(workload: &Workload) -> Result<Self, StoreError> {
        let Workload { slug, conditions } = workload;
        let Conditions { input_tokens, output_tokens, concurrency, request_rate, region, labels } =
            conditions;
        Ok(Self {
            slug: slug.to_string(),
            input_tokens: input_tokens.map(i64::from),
            output_tokens: output_tokens.map(i64::from),
            concurrency: concurrency.map(i64::from),
            request_rate: *request_rate,
            region: region.clone(),
            labels: serde_json::to_value(labels).map_err(StoreError::failed)?,
        })
    }
}

impl WorkloadRow {
    /// The insertion of those that are not there.
    pub(crate) fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("workloads", rows)
            .column::<Text, _>("slug", |row| row.slug.as_str())
            .column::<Nullable<BigInt>, _>("input_tokens", |row| row.input_tokens)
            .column::<Nullable<BigInt>, _>("output_tokens", |row| row.output_tokens)
            .column::<Nullable<BigInt>, _>("concurrency", |row| row.concurrency)
            .column::<Nullable<Double>, _>("request_rate", |row| row.request_rate)
            .column::<Nullable<Text>, _>("region", |row| row.region.as_deref())
            .column::<Jsonb, _>("labels", |row| &row.labels)
            .ending("ON CONFLICT DO NOTHING")
    }
}

impl TryFrom<WorkloadRow> for Workload {
    type Error = StoreError;

    fn try_from(row: WorkloadRow) -> Result<Self, StoreError> {
        let slug = row.slug.clone();
        read(row).ok_or_else(|| StoreError::corrupt(format!("workload {slug}")))
    }
}

fn read(row: WorkloadRow) -> Option<Workload> {
    let WorkloadRow {
        slug,
        input_tokens,
        output_tokens,
        concurrency,
        request_rate,
        region,
        labels,
    } = row;
    let tokens = |column: Option<i64>| match column {
        Some(tokens) => count(tokens).map(Some),
        None => Some(None),
    };
    let conditions = Conditions {
        input_tokens: tokens(input_tokens)?,
        output_tokens: tokens(output_tokens)?,
        concurrency: tokens(concurrency)?,
        request_rate,
        region,
        labels: serde_json::from_value(labels).ok()?,
    };
    Some(Workload { slug: WorkloadSlug::parse(&slug).ok()?, conditions })
}
