use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{
    Direction, Llm, LlmId, LlmName, Metric, MetricName, Unit, Workload, WorkloadSlug,
    metrics as built_in,
};
use benchmark_ports::{AddMetric, Catalogue, PageLimit, StoreError};
use diesel::prelude::*;

use crate::SqliteStore;
use crate::rows::{LlmRow, WorkloadRow};
use crate::schema::{llms, metrics, rankings, workloads};

#[async_trait]
impl Catalogue for SqliteStore {
    async fn metrics(&self) -> Result<Arc<[Metric]>, StoreError> {
        self.read(|connection| {
            let rows = metrics::table
                .order(metrics::name)
                .select(MetricRow::as_select())
                .load(connection)?;
            rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
        })
        .await
    }

    async fn add_metric(&self, metric: &Metric) -> Result<AddMetric, StoreError> {
        let metric = metric.clone();
        self.write(move |connection| {
            let added = diesel::insert_into(metrics::table)
                .values(MetricRow::from(&metric))
                .on_conflict_do_nothing()
                .execute(connection)?;
            if added == 1 {
                return Ok(AddMetric::Added);
            }
            let known = metrics::table
                .find(metric.name.as_str())
                .select(MetricRow::as_select())
                .first(connection)?;
            let same = Metric::try_from(known)? == metric;
            Ok(if same { AddMetric::Known } else { AddMetric::Conflict })
        })
        .await
    }

    async fn llm(&self, id: LlmId) -> Result<Option<Llm>, StoreError> {
        self.read(move |connection| {
            let found = llms::table
                .find(id.to_string())
                .select(LlmRow::as_select())
                .first(connection)
                .optional()?;
            Ok(found.map(Llm::try_from).transpose()?)
        })
        .await
    }

    async fn llms(
        &self,
        after: Option<LlmId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<Llm>>, StoreError> {
        self.read(move |connection| {
            let mut page = llms::table
                .order((llms::name, llms::provider))
                .limit(limit.get() as i64)
                .select(LlmRow::as_select())
                .into_boxed();
            if let Some(after) = after {
                let found = llms::table
                    .find(after.to_string())
                    .select(LlmRow::as_select())
                    .first(connection)
                    .optional()?;
                let Some(LlmRow { name, provider, .. }) = found else { return Ok(None) };
                // Without a provider comes before any provider, in the domain
                // as in SQL.
                let behind = llms::name.gt(name.clone()).nullable();
                page = page.filter(llms::name.ge(name));
                page = match provider {
                    Some(provider) => page.filter(behind.or(llms::provider.gt(provider))),
                    None => page.filter(behind.or(llms::provider.is_not_null().nullable())),
                };
            }
            let rows = page.load(connection)?;
            let llms: Result<_, StoreError> = rows.into_iter().map(Llm::try_from).collect();
            Ok(Some(llms?))
        })
        .await
    }

    async fn llms_named(&self, name: &LlmName, limit: PageLimit) -> Result<Vec<Llm>, StoreError> {
        let name = name.to_string();
        self.read(move |connection| {
            // NULL comes before any provider.
            let rows = llms::table
                .filter(llms::name.eq(name))
                .order(llms::provider)
                .limit(limit.get() as i64)
                .select(LlmRow::as_select())
                .load(connection)?;
            rows.into_iter().map(|row| Ok(Llm::try_from(row)?)).collect()
        })
        .await
    }

    async fn workloads(
        &self,
        after: Option<&WorkloadSlug>,
        limit: PageLimit,
    ) -> Result<Vec<Workload>, StoreError> {
        // Every slug comes after the empty text.
        let after = after.map(ToString::to_string).unwrap_or_default();
        self.read(move |connection| {
            let rows = workloads::table
                .filter(workloads::slug.gt(after))
                .order(workloads::slug)
                .limit(limit.get() as i64)
                .select(WorkloadRow::as_select())
                .load(connection)?;
            rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
        })
        .await
    }

    async fn workloads_with(
        &self,
        metric: &MetricName,
        limit: PageLimit,
    ) -> Result<Vec<WorkloadSlug>, StoreError> {
        let metric = metric.clone();
        self.read(move |connection| {
            let slugs: Vec<String> = rankings::table
                .filter(rankings::metric.eq(metric.as_str()))
                .filter(rankings::revision.gt(0))
                .order(rankings::workload)
                .limit(limit.get() as i64)
                .select(rankings::workload)
                .load(connection)?;
            let slug = |text: String| match WorkloadSlug::parse(&text) {
                Ok(slug) => Ok(slug),
                Err(_) => Err(StoreError::corrupt(format!("workload {text}")).into()),
            };
            slugs.into_iter().map(slug).collect()
        })
        .await
    }
}

/// Writes the metrics that this version has built in, where the database does
/// not have them exactly so.
pub(crate) fn write_built_in_metrics(connection: &mut SqliteConnection) -> QueryResult<()> {
    let known = metrics::table.select(MetricRow::as_select()).load(connection)?;
    for row in built_in::BUILT_IN.each_ref().map(MetricRow::from) {
        if !known.contains(&row) {
            diesel::insert_into(metrics::table)
                .values(&row)
                .on_conflict(metrics::name)
                .do_update()
                .set(&row)
                .execute(connection)?;
        }
    }
    Ok(())
}

#[derive(PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = metrics)]
struct MetricRow {
    name: String,
    unit: String,
    direction: String,
    definition: String,
}

impl From<&Metric> for MetricRow {
    fn from(metric: &Metric) -> Self {
        Self {
            name: metric.name.to_string(),
            unit: metric.unit.to_string(),
            direction: metric.direction.as_str().to_owned(),
            definition: metric.definition().to_owned(),
        }
    }
}

impl TryFrom<MetricRow> for Metric {
    type Error = StoreError;

    fn try_from(row: MetricRow) -> Result<Self, StoreError> {
        let name = row.name.clone();
        read(row).ok_or_else(|| StoreError::corrupt(format!("metric {name}")))
    }
}

fn read(row: MetricRow) -> Option<Metric> {
    let MetricRow { name, unit, direction, definition } = row;
    let (name, unit) = (MetricName::parse(&name).ok()?, Unit::parse(&unit).ok()?);
    Metric::new(name, unit, Direction::parse(&direction)?, &definition).ok()
}
