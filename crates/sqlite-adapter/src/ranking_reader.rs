use std::collections::HashMap;

use async_trait::async_trait;
use benchmark_domain::{
    HistorySpan, Llm, Publication, RankingEntry, RankingScope, Timestamp, Window,
};
use benchmark_ports::{Contenders, CurrentRanking, PageLimit, RankingReader, Revision, StoreError};
use diesel::prelude::*;

use crate::SqliteStore;
use crate::columns::{timestamp, timestamp_text};
use crate::contenders::contenders;
use crate::failure::Failure;
use crate::rows::BenchmarkRow;
use crate::schema::{benchmark, publications, rankings};

#[async_trait]
impl RankingReader for SqliteStore {
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
    ) -> Result<Contenders, StoreError> {
        let scope = scope.clone();
        // In a transaction, so that all of it is read at one moment.
        self.read(move |connection| {
            connection.transaction(|connection| contenders(connection, &scope, window, now))
        })
        .await
    }

    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError> {
        let scope = scope.clone();
        self.read(move |connection| {
            let ranking: Option<(i64, Option<i64>)> = rankings::table
                .find((scope.metric.as_str(), scope.workload.as_str()))
                .select((rankings::revision, rankings::published_revision))
                .first(connection)
                .optional()?;
            let Some((revision, Some(published))) = ranking else { return Ok(None) };
            // What is published never changes, so that these need not be read
            // at one moment.
            let mut entries = entries_of(connection, &scope, vec![published], None)?;
            Ok(Some(CurrentRanking {
                entries: entries.remove(&published).unwrap_or_default(),
                up_to_date: published >= revision,
            }))
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
        self.read(move |connection| {
            let mut published = published_in(connection, &scope, span, limit.get())?;
            published.reverse();
            publications_of(connection, &scope, published, llm.as_ref())
        })
        .await
    }
}

/// A publication's revision and moment.
type Published = (i64, String);

/// The last `limit` publications of a span, the last one first.
fn published_in(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    span: HistorySpan,
    limit: usize,
) -> Result<Vec<Published>, Failure> {
    // Every moment's text comes after the empty one and before a tilde.
    let from = span.from().map(timestamp_text).unwrap_or_default();
    let mut to = span.to().map_or_else(|| "~".to_owned(), timestamp_text);
    let Some(bucket) = span.bucket() else {
        return published_before(connection, scope, &from, &to, limit);
    };
    // One step down the index for each bucket that has a publication.
    let mut published = Vec::new();
    while published.len() < limit
        && let Some(last) = published_before(connection, scope, &from, &to, 1)?.pop()
    {
        to = timestamp_text(bucket.start_of(published_moment(scope, &last)?));
        published.push(last);
    }
    Ok(published)
}

fn published_before(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    from: &str,
    to: &str,
    limit: usize,
) -> Result<Vec<Published>, Failure> {
    Ok(publications::table
        .filter(publications::metric.eq(scope.metric.as_str()))
        .filter(publications::workload.eq(scope.workload.as_str()))
        .filter(publications::published_at.ge(from))
        .filter(publications::published_at.lt(to))
        .order((publications::published_at.desc(), publications::revision.desc()))
        .limit(limit as i64)
        .select((publications::revision, publications::published_at))
        .load(connection)?)
}

/// These publications, with all entries or those of one LLM.
fn publications_of(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    published: Vec<Published>,
    llm: Option<&Llm>,
) -> Result<Vec<(Revision, Publication)>, Failure> {
    let revisions = published.iter().map(|(revision, _)| *revision).collect();
    let mut entries = entries_of(connection, scope, revisions, llm)?;
    let publication = |published: Published| {
        let publication = Publication {
            scope: scope.clone(),
            published_at: published_moment(scope, &published)?,
            entries: entries.remove(&published.0).unwrap_or_default(),
        };
        Ok((Revision(published.0), publication))
    };
    published.into_iter().map(publication).collect()
}

/// The entries of the publications of these revisions, each in their order; all
/// or those of one LLM.
fn entries_of(
    connection: &mut SqliteConnection,
    scope: &RankingScope,
    revisions: Vec<i64>,
    llm: Option<&Llm>,
) -> Result<HashMap<i64, Vec<RankingEntry>>, Failure> {
    let mut rows = benchmark::table
        .filter(benchmark::metric.eq(scope.metric.as_str()))
        .filter(benchmark::workload.eq(scope.workload.as_str()))
        .filter(benchmark::revision.eq_any(revisions))
        // The order of a ranking: within a rank by name, then by provider.
        .order((benchmark::rank, benchmark::llm_name, benchmark::provider))
        .select(BenchmarkRow::as_select())
        .into_boxed();
    if let Some(Llm { name, provider }) = llm {
        rows = rows.filter(benchmark::llm_name.eq(name.as_str()));
        rows = match provider {
            Some(provider) => rows.filter(benchmark::provider.eq(provider.as_str())),
            None => rows.filter(benchmark::provider.is_null()),
        };
    }
    let rows: Vec<BenchmarkRow> = rows.load(connection)?;
    let mut entries: HashMap<i64, Vec<_>> = HashMap::new();
    for row in rows {
        entries.entry(row.revision).or_default().push(row.try_into()?);
    }
    Ok(entries)
}

fn published_moment(
    scope: &RankingScope,
    (revision, at): &Published,
) -> Result<Timestamp, StoreError> {
    let unreadable = || StoreError::corrupt(format!("publication {revision} of {scope}"));
    timestamp(at).ok_or_else(unreadable)
}
