use std::collections::HashMap;

use async_trait::async_trait;
use benchmark_domain::{
    HistorySpan, Llm, Publication, RankingEntry, RankingScope, Timestamp, Window,
};
use benchmark_ports::{Contenders, CurrentRanking, PageLimit, RankingReader, Revision, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt, TryStreamExt};

use crate::PostgresStore;
use crate::columns::{moment, timestamp};
use crate::contenders::contenders;
use crate::failure::Failure;
use crate::rows::EntryRow;
use crate::schema::{benchmark, publications};

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
            async move { current(connection, &scope).await }.boxed()
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
    scope: &RankingScope,
) -> Result<Option<CurrentRanking>, Failure> {
    let mut rows = EntriesOfNewest(scope).load_stream(connection).await?;
    let (mut entries, mut is_up_to_date) = (Vec::with_capacity(16), None);
    while let Some(row) = rows.try_next().await? {
        let (up_to_date, entry): (bool, Option<EntryRow>) = row;
        is_up_to_date = Some(up_to_date);
        entries.extend(entry.map(RankingEntry::try_from).transpose()?);
    }
    // The order of a ranking: within a rank by name, then by provider.
    entries.sort_unstable_by(|RankingEntry { ranked: a, .. }, RankingEntry { ranked: b, .. }| {
        (a.rank, &a.llm).cmp(&(b.rank, &b.llm))
    });
    Ok(is_up_to_date.map(|up_to_date| CurrentRanking { entries, up_to_date }))
}

/// The entries of the newest publication of a scope, if there is one: one row
/// without an entry where it has none. Written out, since to put a statement together
/// takes as long as to read its rows.
struct EntriesOfNewest<'a>(&'a RankingScope);

impl Query for EntriesOfNewest<'_> {
    type SqlType = (Bool, Nullable<SqlTypeOf<<EntryRow as Selectable<Pg>>::SelectExpression>>);
}

impl QueryId for EntriesOfNewest<'_> {
    type QueryId = EntriesOfNewest<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for EntriesOfNewest<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self(RankingScope { metric, workload }) = self;
        out.push_sql(
            "SELECT r.published_revision >= r.revision, b.id, b.llm_name, b.provider, \
             b.mean_value, b.rank, b.rank_low, b.rank_high, b.tier, b.value, b.ci_low, \
             b.ci_high, b.provisional, b.p50, b.p90, b.p95, b.p99, b.sample_count, \
             b.run_count, b.attempted_requests, b.failed_requests, b.source, b.timestamp \
             FROM rankings r LEFT JOIN benchmark b ON b.metric = r.metric \
             AND b.workload = r.workload AND b.revision = r.published_revision \
             WHERE r.published_revision IS NOT NULL AND r.metric = ",
        );
        out.push_bind_param::<Text, _>(metric.as_str())?;
        out.push_sql(" AND r.workload = ");
        out.push_bind_param::<Text, _>(workload.as_str())
    }
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
        .select((benchmark::revision, EntryRow::as_select()))
        .into_boxed();
    if let Some(Llm { name, provider }) = llm {
        rows = rows.filter(benchmark::llm_name.eq(name.as_str()));
        rows = match provider {
            Some(provider) => rows.filter(benchmark::provider.eq(provider.as_str())),
            None => rows.filter(benchmark::provider.is_null()),
        };
    }
    let rows: Vec<(i64, EntryRow)> = rows.load(connection).await?;
    let mut entries: HashMap<i64, Vec<_>> = HashMap::new();
    for (revision, entry) in rows {
        entries.entry(revision).or_default().push(entry.try_into()?);
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
