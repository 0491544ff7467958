use async_trait::async_trait;
use benchmark_domain::{MetricName, Publication, RankingScope, WorkloadSlug};
use benchmark_ports::{PublishOutcome, RankingPublisher, Revision, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;

use crate::PostgresStore;
use crate::columns::moment;
use crate::failure::Failure;
use crate::rows::BenchmarkRow;
use crate::schema::{publications, rankings};

#[async_trait]
impl RankingPublisher for PostgresStore {
    async fn publish(
        &self,
        publication: &Publication,
        basis: Revision,
    ) -> Result<PublishOutcome, StoreError> {
        let publication = publication.clone();
        self.write(move |connection| {
            let publication = publication.clone();
            async move { publish(connection, publication, basis).await }.boxed()
        })
        .await
    }

    async fn pending(&self) -> Result<Vec<RankingScope>, StoreError> {
        self.read_primary(|connection| {
            async move {
                let behind: Vec<(String, String)> = rankings::table
                    .filter(sql::<Bool>("revision > coalesce(published_revision, 0)"))
                    .select((rankings::metric, rankings::workload))
                    .load(connection)
                    .await?;
                let scope = |(metric, workload): (String, String)| {
                    let metric = MetricName::parse(&metric).ok()?;
                    Some(RankingScope { metric, workload: WorkloadSlug::parse(&workload).ok()? })
                };
                let scopes: Option<Vec<_>> = behind.into_iter().map(scope).collect();
                Ok(scopes.ok_or_else(|| StoreError::corrupt("the scope of a ranking"))?)
            }
            .boxed()
        })
        .await
    }
}

async fn publish(
    connection: &mut AsyncPgConnection,
    publication: Publication,
    basis: Revision,
) -> Result<PublishOutcome, Failure> {
    use diesel::query_dsl::methods::FilterDsl;

    let Publication { scope, published_at, entries } = publication;
    let (metric, workload) = (scope.metric.as_str(), scope.workload.as_str());
    let upsert = diesel::insert_into(rankings::table)
        .values((
            rankings::metric.eq(metric),
            rankings::workload.eq(workload),
            rankings::revision.eq(0),
            rankings::published_revision.eq(basis.0),
        ))
        .on_conflict((rankings::metric, rankings::workload))
        .do_update()
        .set(rankings::published_revision.eq(excluded(rankings::published_revision)));
    // Whoever publishes the same scope at once waits here, and then sees this.
    let is_newest = rankings::published_revision
        .is_null()
        .or(rankings::published_revision.lt(excluded(rankings::published_revision)));
    if FilterDsl::filter(upsert, is_newest).execute(connection).await? == 0 {
        return Ok(PublishOutcome::Superseded);
    }
    let last = last_published_at(connection, &scope).await?;
    let PgTimestamp(published_at) = moment(published_at);
    let published_at = last.map_or(published_at, |PgTimestamp(last)| last.max(published_at));
    diesel::insert_into(publications::table)
        .values((
            publications::metric.eq(metric),
            publications::workload.eq(workload),
            publications::revision.eq(basis.0),
            publications::published_at.eq(PgTimestamp(published_at)),
        ))
        .execute(connection)
        .await?;
    let rows = entries.into_iter().map(|entry| BenchmarkRow::of(&scope, basis, entry));
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    BenchmarkRow::insertion(&rows).execute(connection).await?;
    Ok(PublishOutcome::Published)
}

/// When a scope was published last.
async fn last_published_at(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
) -> Result<Option<PgTimestamp>, Failure> {
    Ok(publications::table
        .filter(publications::metric.eq(scope.metric.as_str()))
        .filter(publications::workload.eq(scope.workload.as_str()))
        .select(max(publications::published_at))
        .first(connection)
        .await?)
}
