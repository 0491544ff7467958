use std::collections::HashMap;

use async_trait::async_trait;
use benchmark_domain::{HistorySpan, Llm, Publication, RankingScope, Timestamp, Window};
use benchmark_ports::{Contenders, CurrentRanking, PageLimit, RankingReader, Revision, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;

use crate::PostgresStore;
use crate::columns::{moment, timestamp};
use crate::contenders::contenders;
use crate::failure::Failure;
use crate::rows::BenchmarkRow;
use crate::schema::{benchmark, publications, rankings};

#[async_trait]
impl RankingReader for PostgresStore {
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
    ) -> Result<Contenders, StoreError> {
        let scope = scope.clone();
        self.snapshot(move |connection| {
            let scope = scope.clone();
            async move { contenders(connection, &scope, window, now).await }.boxed()
        })
        .await
    }

    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError> {
        let scope = scope.clone();
        self.read(move |connection| {
            let scope = scope.clone();
            async move { current(connection, scope).await }.boxed()
        })
        .await
    }

    async fn history(
        &self,
        scope: &RankingScope,
        span: HistorySpan,
        llm: Option<&Llm>,
        limit: PageLimit,
    ) -> Result<Vec<(Revision, Publication)>, StoreError> {
        let (scope, llm) = (scope.clone(), llm.cloned());
        self.snapshot(move |connection| {
            let (scope, llm) = (scope.clone(), llm.clone());
            async move { history(connection, &scope, span, llm.as_ref(), limit.get()).await }
                .boxed()
        })
        .await
    }
}

/// The newest publication, in one statement: that is what every ranking which is
/// not cached costs.
async fn current(
    connection: &mut AsyncPgConnection,
    scope: RankingScope,
) -> Result<Option<CurrentRanking>, Failure> {
    let newest = (publications::metric.eq(rankings::metric))
        .and(publications::workload.eq(rankings::workload))
        .and(rankings::published_revision.eq(publications::revision.nullable()));
    let of_it = (benchmark::metric.eq(publications::metric))
        .and(benchmark::workload.eq(publications::workload))
        .and(benchmark::revision.eq(publications::revision));
    let rows: Vec<(i64, i64, PgTimestamp, Option<BenchmarkRow>)> = rankings::table
        .inner_join(publications::table.on(newest))
        .left_join(benchmark::table.on(of_it))
        .filter(rankings::metric.eq(scope.metric.as_str()))
        .filter(rankings::workload.eq(scope.workload.as_str()))
        // The order of a ranking: within a rank by name, then by provider.
        .order((
            benchmark::rank.asc(),
            benchmark::llm_name.asc(),
            benchmark::provider.asc().nulls_first(),
        ))
        .select((
            rankings::revision,
            publications::revision,
            publications::published_at,
            Option::<BenchmarkRow>::as_select(),
        ))
        .load(connection)
        .await?;
    let Some(&(revision, published, published_at, _)) = rows.as_slice().first() else {
        return Ok(None);
    };
    let entries = rows.into_iter().filter_map(|(.., entry)| entry);
    let publication = Publication {
        published_at: published_moment(&scope, published, published_at)?,
        entries: entries.map(TryInto::try_into).collect::<Result<_, StoreError>>()?,
        scope,
    };
    Ok(Some(CurrentRanking { publication, up_to_date: published >= revision }))
}

async fn history(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    span: HistorySpan,
    llm: Option<&Llm>,
    limit: usize,
) -> Result<Vec<(Revision, Publication)>, Failure> {
    let mut published = published_in(connection, scope, span, limit).await?;
    published.reverse();
    let revisions: Vec<_> = published.iter().map(|published| published.revision).collect();
    let mut rows = benchmark::table
        .filter(benchmark::metric.eq(scope.metric.as_str()))
        .filter(benchmark::workload.eq(scope.workload.as_str()))
        .filter(benchmark::revision.eq_any(revisions))
        // The order of a ranking: within a rank by name, then by provider.
        .order((
            benchmark::rank.asc(),
            benchmark::llm_name.asc(),
            benchmark::provider.asc().nulls_first(),
        ))
        .select(BenchmarkRow::as_select())
        .into_boxed();
    if let Some(Llm { name, provider }) = llm {
        rows = rows.filter(benchmark::llm_name.eq(name.as_str()));
        rows = match provider {
            Some(provider) => rows.filter(benchmark::provider.eq(provider.as_str())),
            None => rows.filter(benchmark::provider.is_null()),
        };
    }
    let rows: Vec<BenchmarkRow> = rows.load(connection).await?;
    let mut entries: HashMap<i64, Vec<_>> = HashMap::new();
    for row in rows {
        entries.entry(row.revision).or_default().push(row.try_into()?);
    }
    let publication = |Published { revision, published_at }| {
        let publication = Publication {
            scope: scope.clone(),
            published_at: published_moment(scope, revision, published_at)?,
            entries: entries.remove(&revision).unwrap_or_default(),
        };
        Ok((Revision(revision), publication))
    };
    published.into_iter().map(publication).collect()
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = publications)]
struct Published {
    revision: i64,
    published_at: PgTimestamp,
}

/// From the last publication of a span to the last one before its bucket, and so
/// on: one step down the index for each bucket that has a publication. Rows are
/// made as they are fetched, so that `LIMIT` ends the recursion.
const LAST_OF_EACH_BUCKET: &str = "\
    WITH RECURSIVE shown (revision, published_at) AS ( \
        (SELECT revision, published_at FROM publications \
         WHERE metric = $1 AND workload = $2 AND published_at >= $3 AND published_at < $4 \
         ORDER BY published_at DESC, revision DESC LIMIT 1) \
        UNION ALL \
        SELECT earlier.revision, earlier.published_at FROM shown CROSS JOIN LATERAL ( \
            SELECT revision, published_at FROM publications \
            WHERE metric = $1 AND workload = $2 AND published_at >= $3 \
                AND published_at < to_timestamp( \
                    (floor(extract(epoch FROM shown.published_at) / $5) * $5)::double precision) \
            ORDER BY published_at DESC, revision DESC LIMIT 1) AS earlier \
    ) SELECT revision, published_at FROM shown LIMIT $6";

/// The last `limit` publications of a span, the last one first.
async fn published_in(
    connection: &mut AsyncPgConnection,
    scope: &RankingScope,
    span: HistorySpan,
    limit: usize,
) -> Result<Vec<Published>, Failure> {
    let (metric, workload) = (scope.metric.as_str(), scope.workload.as_str());
    // `-infinity` and `infinity`, between which every moment lies.
    let from = span.from().map_or(PgTimestamp(i64::MIN), moment);
    let to = span.to().map_or(PgTimestamp(i64::MAX), moment);
    if let Some(bucket) = span.bucket() {
        let last_of_each = sql_query(LAST_OF_EACH_BUCKET)
            .bind::<Text, _>(metric)
            .bind::<Text, _>(workload)
            .bind::<Timestamptz, _>(from)
            .bind::<Timestamptz, _>(to)
            .bind::<BigInt, _>(bucket.seconds())
            .bind::<BigInt, _>(limit as i64);
        return Ok(last_of_each.load(connection).await?);
    }
    Ok(publications::table
        .filter(publications::metric.eq(metric))
        .filter(publications::workload.eq(workload))
        .filter(publications::published_at.ge(from))
        .filter(publications::published_at.lt(to))
        .order((publications::published_at.desc(), publications::revision.desc()))
        .limit(limit as i64)
        .select(Published::as_select())
        .load(connection)
        .await?)
}

fn published_moment(
    scope: &RankingScope,
    revision: i64,
    at: PgTimestamp,
) -> Result<Timestamp, StoreError> {
    let unreadable = || StoreError::corrupt(format!("publication {revision} of {scope}"));
    timestamp(at).ok_or_else(unreadable)
}
