use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{Llm, LlmId, LlmName, Metric, MetricName, Workload, WorkloadSlug};
use benchmark_ports::{AddMetric, Catalogue, PageLimit, StoreError};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;

use crate::PostgresStore;
use crate::rows::{LlmRow, MetricRow, WorkloadRow};
use crate::schema::{llms, metrics, rankings, workloads};

#[async_trait]
impl Catalogue for PostgresStore {
    async fn metrics(&self) -> Result<Arc<[Metric]>, StoreError> {
        self.read(|connection| {
            async move {
                let rows = metrics::table
                    .order(metrics::name)
                    .select(MetricRow::as_select())
                    .load(connection)
                    .await?;
                rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
            }
            .boxed()
        })
        .await
    }

    async fn add_metric(&self, metric: &Metric) -> Result<AddMetric, StoreError> {
        let metric = metric.clone();
        self.write(move |connection| {
            let metric = metric.clone();
            async move {
                let added = diesel::insert_into(metrics::table)
                    .values(MetricRow::from(&metric))
                    .on_conflict_do_nothing()
                    .execute(connection)
                    .await?;
                if added == 1 {
                    return Ok(AddMetric::Added);
                }
                let known = metrics::table
                    .find(metric.name.as_str())
                    .select(MetricRow::as_select())
                    .first(connection)
                    .await?;
                let same = Metric::try_from(known)? == metric;
                Ok(if same { AddMetric::Known } else { AddMetric::Conflict })
            }
            .boxed()
        })
        .await
    }

    async fn llm(&self, id: LlmId) -> Result<Option<Llm>, StoreError> {
        self.read(move |connection| {
            async move {
                let found = llms::table
                    .find(id.0)
                    .select(LlmRow::as_select())
                    .first(connection)
                    .await
                    .optional()?;
                Ok(found.map(Llm::try_from).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn llms(
        &self,
        after: Option<LlmId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<Llm>>, StoreError> {
        self.snapshot(move |connection| {
            async move {
                // Without a provider comes before any provider, as in the domain.
                let mut page = llms::table
                    .order((llms::name.asc(), llms::provider.asc().nulls_first()))
                    .limit(limit.get() as i64)
                    .select(LlmRow::as_select())
                    .into_boxed();
                if let Some(after) = after {
                    let found = llms::table
                        .find(after.0)
                        .select(LlmRow::as_select())
                        .first(connection)
                        .await
                        .optional()?;
                    let Some(LlmRow { name, provider, .. }) = found else { return Ok(None) };
                    let behind = llms::name.gt(name.clone()).nullable();
                    page = page.filter(llms::name.ge(name));
                    page = match provider {
                        Some(provider) => page.filter(behind.or(llms::provider.gt(provider))),
                        None => page.filter(behind.or(llms::provider.is_not_null().nullable())),
                    };
                }
                let rows = page.load(connection).await?;
                let llms: Result<_, StoreError> = rows.into_iter().map(Llm::try_from).collect();
                Ok(Some(llms?))
            }
            .boxed()
        })
        .await
    }

    async fn llms_named(&self, name: &LlmName, limit: PageLimit) -> Result<Vec<Llm>, StoreError> {
        let name = name.to_string();
        self.read(move |connection| {
            let named = llms::table
                .filter(llms::name.eq(name.clone()))
                .order(llms::provider.asc().nulls_first())
                .limit(limit.get() as i64)
                .select(LlmRow::as_select());
            async move {
                let rows = named.load(connection).await?;
                rows.into_iter().map(|row| Ok(Llm::try_from(row)?)).collect()
            }
            .boxed()
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
            let page = workloads::table
                .filter(workloads::slug.gt(after.clone()))
                .order(workloads::slug)
                .limit(limit.get() as i64)
                .select(WorkloadRow::as_select());
            async move {
                let rows = page.load(connection).await?;
                rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
            }
            .boxed()
        })
        .await
    }

    async fn workloads_with(
        &self,
        metric: &MetricName,
        limit: PageLimit,
    ) -> Result<Vec<WorkloadSlug>, StoreError> {
        let metric = metric.to_string();
        self.read(move |connection| {
            let measured = rankings::table
                .filter(rankings::metric.eq(metric.clone()))
                .filter(rankings::revision.gt(0))
                .order(rankings::workload)
                .limit(limit.get() as i64)
                .select(rankings::workload);
            async move {
                let slug = |text: String| match WorkloadSlug::parse(&text) {
                    Ok(slug) => Ok(slug),
                    Err(_) => Err(StoreError::corrupt(format!("workload {text}")).into()),
                };
                measured.load(connection).await?.into_iter().map(slug).collect()
            }
            .boxed()
        })
        .await
    }
}
