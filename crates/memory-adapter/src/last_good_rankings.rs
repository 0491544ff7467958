use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    Clock, Document, LoadError, LoadRanking, NotedLoader, RankingCache, RankingQuery, Served,
    StoreError,
};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::generations::Generations;

/// How long [`LastGoodRankings`] falls back on what it has.
#[derive(Debug, Clone, Copy)]
pub struct Staleness {
    /// For how long after it was loaded an answer may stand in while a newer
    /// one is being loaded (`stale-while-revalidate` of RFC 5861).
    pub while_loading: Duration,
    /// For how long it may while the store is unavailable (`stale-if-error`).
    pub while_unavailable: Duration,
}

/// A cache that remembers the last good answers of another one, and falls back
/// on them: while one caller loads a newer answer the others need not wait, and
/// while the store is unavailable there still is an answer. Both are marked
/// stale.
///
/// After the store was unavailable it is left alone for
/// [a second](Self::RESPITE) where there is something to fall back on, so that
/// not every caller waits for it to fail again.
pub struct LastGoodRankings {
    inner: Arc<dyn RankingCache>,
    kept: Cache<RankingQuery, Arc<LastGood>, Weight>,
    generations: Generations,
    staleness: Staleness,
    /// Until when the store is left alone, in microseconds since 1970.
    respite_until: AtomicI64,
    clock: Arc<dyn Clock>,
}

struct LastGood {
    document: Arc<Document>,
    generation: u64,
    /// Microseconds since 1970.
    loaded_at: i64,
    /// Whether somebody is loading a newer one.
    loading: AtomicBool,
}

impl LastGoodRankings {
    /// For how long an unavailable store is left alone.
    pub const RESPITE: Duration = Duration::from_secs(1);

    /// Remembers the answers of `inner`, at most so many bytes of them.
    pub fn new(
        inner: Arc<dyn RankingCache>,
        staleness: Staleness,
        bytes: u64,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(1024)
            .weight_capacity(bytes)
            .build()
            .expect("every required option is given");
        let kept = Cache::with_options(
            options,
            Weight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        let (generations, respite_until) = (Generations::default(), AtomicI64::new(i64::MIN));
        Self { inner, kept, generations, staleness, respite_until, clock }
    }

    fn is_within(&self, last: &LastGood, limit: Duration) -> bool {
        let limit = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
        self.clock.unix_micros() < last.loaded_at.saturating_add(limit)
    }

    fn leaves_the_store_alone(&self) -> bool {
        self.clock.unix_micros() < self.respite_until.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl RankingCache for LastGoodRankings {
    fn peek(&self, query: &RankingQuery) -> Option<Served> {
        self.inner.peek(query)
    }

    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Served, LoadError> {
        let generation = self.generations.now(&query.workload);
        let last = self.kept.get(query);
        let fallback =
            last.as_ref().filter(|last| self.is_within(last, self.staleness.while_unavailable));
        if let Some(last) = fallback
            && self.leaves_the_store_alone()
        {
            return Ok(Served::stale(last.document.clone()));
        }
        // What was forgotten does not stand in for what is newer: whoever
        // recorded a run wants to see it.
        let stand_in = last.as_ref().filter(|last| {
            last.generation == generation && self.is_within(last, self.staleness.while_loading)
        });
        let _loading = match stand_in {
            Some(last) if last.loading.swap(true, Ordering::AcqRel) => {
                return Ok(Served::stale(last.document.clone()));
            }
            Some(last) => Some(Loading(last.clone())),
            None => None,
        };

        let noted = NotedLoader::new(loader);
        match self.inner.get_or_load(query, &noted).await {
            Ok(served) => {
                // Who only waited for a load does not know whether to keep it.
                if noted.has_loaded() && noted.may_be_kept() {
                    let loaded_at = self.clock.unix_micros();
                    let (document, loading) = (served.document.clone(), AtomicBool::new(false));
                    let good = LastGood { document, generation, loaded_at, loading };
                    self.kept.insert(query.clone(), Arc::new(good));
                }
                Ok(served)
            }
            Err(LoadError::Store(error @ StoreError::Unavailable { .. })) => {
                let respite = Self::RESPITE.as_micros() as i64;
                self.respite_until
                    .store(self.clock.unix_micros().saturating_add(respite), Ordering::Relaxed);
                match fallback {
                    Some(last) => Ok(Served::stale(last.document.clone())),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn forget(&self, workload: &WorkloadSlug) {
        self.generations.end(workload);
        self.inner.forget(workload).await;
    }

    async fn forget_everything(&self) {
        self.generations.end_all();
        self.inner.forget_everything().await;
    }
}

/// Lets the next one load when this one has, or has given up.
struct Loading(Arc<LastGood>);

impl Drop for Loading {
    fn drop(&mut self) {
        self.0.loading.store(false, Ordering::Release);
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<RankingQuery, Arc<LastGood>> for Weight {
    fn weight(&self, _: &RankingQuery, last: &Arc<LastGood>) -> u64 {
        // The names in a question, in characters of four bytes at most.
        const QUESTION: usize = size_of::<RankingQuery>() + 100 + 4 * 100 + 20;
        (last.document.weight() + QUESTION + size_of::<LastGood>()) as u64
    }
}
