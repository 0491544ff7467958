use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{
    Clock, Document, ForgetRankings, LoadError, LoadRanking, Loaded, RankingCache, RankingQuery,
    Served,
};
use quick_cache::Equivalent;

use crate::expiring_cache::{ExpiringCache, Fresh};
use crate::generations::Generations;

/// Keeps encoded rankings in the process: for a time, within a number of bytes.
pub struct MemoryRankingCache {
    answers: ExpiringCache<Key, Arc<Document>>,
    generations: Generations,
}

impl MemoryRankingCache {
    /// At a guess: a ranking of ten LLMs, with its compressed forms.
    const TYPICAL_WEIGHT: u64 = 16 << 10;

    /// An empty cache that keeps an answer for `ttl` and takes at most so many
    /// bytes of memory.
    pub fn new(ttl: Duration, bytes: u64, clock: Arc<dyn Clock>) -> Self {
        let items = usize::try_from(bytes / Self::TYPICAL_WEIGHT).unwrap_or(usize::MAX);
        let weight = |_: &Key, document: &Arc<Document>| (document.weight() + Key::WEIGHT) as u64;
        Self {
            answers: ExpiringCache::new(items, bytes, weight, ttl, clock),
            generations: Generations::default(),
        }
    }

    fn generation(&self, query: &RankingQuery) -> u64 {
        self.generations.now(&query.workload)
    }
}

#[async_trait]
impl RankingCache for MemoryRankingCache {
    fn peek(&self, query: &RankingQuery) -> Option<Served> {
        let key = BorrowedKey { query, generation: self.generation(query) };
        self.answers.get(&key).map(Served::fresh)
    }

    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Served, LoadError> {
        let generation = self.generation(query);
        let load = async {
            let Loaded { document, keep } = loader.load(query).await?;
            Ok(if keep { Fresh::Keep(document) } else { Fresh::Share(document) })
        };
        let key = Key { query: query.clone(), generation };
        self.answers.get_or_load(&key, load).await.map(Served::fresh)
    }
}

#[async_trait]
impl ForgetRankings for MemoryRankingCache {
    async fn forget(&self, workload: &WorkloadSlug) {
        self.generations.end(workload);
    }

    async fn forget_everything(&self) {
        self.generations.end_all();
    }
}

/// A question with the generation of its workload. After a forget, the answers
/// of older generations are asked for no longer, not even one that is still
/// being loaded; they leave the cache as the least used do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    query: RankingQuery,
    generation: u64,
}

impl Key {
    /// The most bytes that a key takes with the names in it: a workload, a
    /// provider in characters of four bytes, a metric.
    const WEIGHT: usize = size_of::<Self>() + 100 + 4 * 100 + 20;
}

/// A [`Key`] to look up by, without copies of the names in it.
#[derive(Hash)]
struct BorrowedKey<'a> {
    query: &'a RankingQuery,
    generation: u64,
}

impl Equivalent<Key> for BorrowedKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.generation == key.generation && *self.query == key.query
    }
}
