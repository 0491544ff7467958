use async_trait::async_trait;
use benchmark_domain::{MetricName, Publication, RankingScope, WorkloadSlug};
use benchmark_ports::{PublishOutcome, RankingPublisher, Revision, StoreError};
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::SqliteStore;
use crate::columns::timestamp_text;
use crate::rows::BenchmarkRow;
use crate::schema::{benchmark, publications, rankings};

#[async_trait]
impl RankingPublisher for SqliteStore {
    async fn publish(
        &self,
        publication: &Publication,
        basis: Revision,
    ) -> Result<PublishOutcome, StoreError> {
        let Publication { scope, published_at, entries } = publication.clone();
        self.write(move |connection| {
            let (metric, workload) = (scope.metric.as_str(), scope.workload.as_str());
            let published: Option<Option<i64>> = rankings::table
                .find((metric, workload))
                .select(rankings::published_revision)
                .first(connection)
                .optional()?;
            if published.flatten().is_some_and(|published| published >= basis.0) {
                return Ok(PublishOutcome::Superseded);
            }
            diesel::insert_into(rankings::table)
                .values((
                    rankings::metric.eq(metric),
                    rankings::workload.eq(workload),
                    rankings::revision.eq(0),
                    rankings::published_revision.eq(basis.0),
                ))
                .on_conflict((rankings::metric, rankings::workload))
                .do_update()
                .set(rankings::published_revision.eq(basis.0))
                .execute(connection)?;
            let last: Option<String> = publications::table
                .filter(publications::metric.eq(metric))
                .filter(publications::workload.eq(workload))
                .select(max(publications::published_at))
                .first(connection)?;
            let published_at = timestamp_text(published_at);
            diesel::insert_into(publications::table)
                .values((
                    publications::metric.eq(metric),
                    publications::workload.eq(workload),
                    publications::revision.eq(basis.0),
                    publications::published_at
                        .eq(last.map_or(published_at.clone(), |last| last.max(published_at))),
                ))
                .execute(connection)?;
            for entry in entries {
                diesel::insert_into(benchmark::table)
                    .values(BenchmarkRow::of(&scope, basis, entry)?)
                    .execute(connection)?;
            }
            Ok(PublishOutcome::Published)
        })
        .await
    }

    async fn pending(&self) -> Result<Vec<RankingScope>, StoreError> {
        self.read(|connection| {
            let behind: Vec<(String, String)> = rankings::table
                .filter(sql::<Bool>("revision > coalesce(published_revision, 0)"))
                .select((rankings::metric, rankings::workload))
                .load(connection)?;
            let scope = |(metric, workload): (String, String)| {
                let metric = MetricName::parse(&metric).ok()?;
                Some(RankingScope { metric, workload: WorkloadSlug::parse(&workload).ok()? })
            };
            let scopes: Option<Vec<_>> = behind.into_iter().map(scope).collect();
            Ok(scopes.ok_or_else(|| StoreError::corrupt("the scope of a ranking"))?)
        })
        .await
    }
}
