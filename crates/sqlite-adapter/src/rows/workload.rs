use benchmark_domain::{Conditions, Workload, WorkloadSlug};
use benchmark_ports::StoreError;
use diesel::prelude::*;

use crate::columns::count;
use crate::schema::workloads;

/// A workload in its table.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = workloads, treat_none_as_default_value = false)]
pub(crate) struct WorkloadRow {
    slug: String,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    concurrency: Option<i64>,
    request_rate: Option<f64>,
    region: Option<String>,
    labels: String,
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
            labels: serde_json::to_string(labels).map_err(StoreError::failed)?,
        })
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
        labels: serde_json::from_str(&labels).ok()?,
    };
    Some(Workload { slug: WorkloadSlug::parse(&slug).ok()?, conditions })
}
