use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    Clock, Document, ForgetRankings, LoadError, LoadRanking, Loaded, NotedLoader, RankingCache,
    RankingQuery, Served, StoreError,
};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::expiring_cache::ExpiringCache;
use crate::generations::Generations;
use crate::respite::Respite;

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
/// After the store was unavailable for a question it is left alone about that one
/// for [a second](Self::RESPITE), if there is something to fall back on: not
/// every caller should wait for it to fail again. For the same reason, who waited
/// for somebody else's load when it failed does not load in turn.
pub struct LastGoodRankings {
    inner: Arc<dyn RankingCache>,
    kept: Cache<RankingQuery, Arc<LastGood>, Weight>,
    generations: Generations,
    staleness: Staleness,
    /// When the store was last unavailable for a question, in microseconds since
    /// 1970.
    failures: ExpiringCache<RankingQuery, i64>,
    clock: Arc<dyn Clock>,
}

struct LastGood {
    document: Arc<Document>,
    generation: u64,
    /// Microseconds since 1970.
    loaded_at: i64,
    /// Whether somebody is loading a newer one.
    loading: AtomicBool,
    respite: Respite,
}

/// A loader that does not do again what failed while its caller waited.
struct Impatient<'a> {
    loader: &'a dyn LoadRanking,
    asked_at: i64,
    failures: &'a ExpiringCache<RankingQuery, i64>,
}

#[async_trait]
impl LoadRanking for Impatient<'_> {
    async fn load(&self, query: &RankingQuery) -> Result<Loaded, LoadError> {
        if self.failures.get(query).is_some_and(|failed_at| failed_at > self.asked_at) {
            return Err(StoreError::unavailable("it was a moment ago").into());
        }
        self.loader.load(query).await
    }
}

impl LastGoodRankings {
    /// For how long an unavailable store is left alone.
    pub const RESPITE: Duration = Respite::LENGTH;

    /// For how long it is known that a question failed: longer than anybody waits.
    const FAILURE_KNOWN_FOR: Duration = Duration::from_secs(60);

    /// Of how many questions.
    const FAILURES: usize = 1024;

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
        let failures = ExpiringCache::new(
            Self::FAILURES,
            Self::FAILURES as u64,
            |_, _| 1,
            Self::FAILURE_KNOWN_FOR,
            Arc::clone(&clock),
        );
        Self { inner, kept, generations: Generations::default(), staleness, failures, clock }
    }

    fn is_within(&self, last: &LastGood, limit: Duration) -> bool {
        let limit = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
        self.clock.unix_micros() < last.loaded_at.saturating_add(limit)
    }

    /// The store is unavailable: it is left alone about this for a while.
    fn failed(&self, query: &RankingQuery, fallback: Option<&Arc<LastGood>>) {
        let now = self.clock.unix_micros();
        self.failures.put(query.clone(), now);
        if let Some(last) = fallback {
            last.respite.begin(now);
        }
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
            && last.respite.lasts(self.clock.unix_micros())
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

        let (asked_at, failures) = (self.clock.unix_micros(), &self.failures);
        let impatient = Impatient { loader, asked_at, failures };
        let noted = NotedLoader::new(&impatient);
        match self.inner.get_or_load(query, &noted).await {
            Ok(served) => {
                // Who only waited for a load does not know whether to keep it.
                if noted.has_loaded() && noted.may_be_kept() {
                    let loaded_at = self.clock.unix_micros();
                    let good = LastGood {
                        document: served.document.clone(),
                        generation,
                        loaded_at,
                        loading: AtomicBool::new(false),
                        respite: Respite::none(),
                    };
                    self.kept.insert(query.clone(), Arc::new(good));
                }
                Ok(served)
            }
            Err(LoadError::Store(error @ StoreError::Unavailable { .. })) => {
                self.failed(query, fallback);
                match fallback {
                    Some(last) => Ok(Served::stale(last.document.clone())),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl ForgetRankings for LastGoodRankings {
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
