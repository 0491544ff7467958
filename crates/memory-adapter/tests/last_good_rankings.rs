//! What [`LastGoodRankings`] falls back on, and when.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use benchmark_domain::chrono::TimeDelta;
use benchmark_domain::{Statistic, Window, metrics};
use benchmark_memory_adapter::{LastGoodRankings, MemoryRankingCache, Staleness};
use benchmark_port_contracts::fixtures::{at, page, slug};
use benchmark_port_contracts::{StoppedClock, async_trait, ranking_cache_contract};
use benchmark_ports::{
    Clock, Document, Freshness, LoadError, LoadRanking, Loaded, RankingCache, RankingQuery,
    StoreError, Subject,
};
use tokio::sync::Semaphore;

const TTL: Duration = Duration::from_secs(5);
const STALENESS: Staleness = Staleness {
    while_loading: Duration::from_secs(10),
    while_unavailable: Duration::from_secs(3600),
};

fn over_memory(
    staleness: Staleness,
    ttl: Duration,
    bytes: u64,
    clock: Arc<dyn Clock>,
) -> Arc<dyn RankingCache> {
    let inner = Arc::new(MemoryRankingCache::new(ttl, bytes, clock.clone()));
    Arc::new(LastGoodRankings::new(inner, staleness, bytes, clock))
}

/// Where nothing may be stale, it is a cache like any other.
mod without_staleness {
    use super::*;

    async fn cache(ttl: Duration, bytes: u64, clock: Arc<dyn Clock>) -> Arc<dyn RankingCache> {
        let never = Staleness { while_loading: Duration::ZERO, while_unavailable: Duration::ZERO };
        over_memory(never, ttl, bytes, clock)
    }

    ranking_cache_contract!(cache);
}

/// Answers with the number of the load, until it is down.
struct Store {
    down: AtomicBool,
    loads: AtomicUsize,
    gate: Semaphore,
}

#[async_trait]
impl LoadRanking for Store {
    async fn load(&self, _: &RankingQuery) -> Result<Loaded, LoadError> {
        let number = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("down").into());
        }
        let text = number.to_string();
        let document = Document::new(text.clone().into_bytes(), text, at(0));
        Ok(Loaded { document: Arc::new(document), keep: true })
    }
}

struct House {
    cache: Arc<dyn RankingCache>,
    store: Arc<Store>,
    clock: Arc<StoppedClock>,
}

impl House {
    fn new() -> Self {
        let clock = Arc::new(StoppedClock::at(at(0)));
        let store = Store {
            down: AtomicBool::new(false),
            loads: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        };
        let cache = over_memory(STALENESS, TTL, 1 << 20, clock.clone());
        Self { cache, store: Arc::new(store), clock }
    }

    fn question() -> RankingQuery {
        RankingQuery {
            subject: Subject::Metric(metrics::TTFT),
            workload: slug("w"),
            window: Window::Latest,
            statistic: Statistic::Mean,
            provider: None,
            limit: page(100),
            offset: 0,
        }
    }

    async fn ask(&self) -> Result<(String, Freshness), LoadError> {
        let served = self.cache.get_or_load(&Self::question(), &*self.store).await?;
        let text = String::from_utf8(served.document.json().to_vec()).unwrap();
        Ok((text, served.freshness))
    }

    async fn assert_gives(&self, text: &str, freshness: Freshness) {
        assert_eq!(self.ask().await.unwrap(), (text.to_owned(), freshness));
    }

    fn seconds_pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    fn goes_down(&self, down: bool) {
        self.store.down.store(down, Ordering::SeqCst);
    }

    fn loads(&self) -> usize {
        self.store.loads.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn while_the_store_is_unavailable_the_last_answer_stands_in() {
    let house = House::new();
    house.assert_gives("1", Freshness::Fresh).await;
    house.goes_down(true);
    house.seconds_pass(6);
    house.assert_gives("1", Freshness::Stale).await;
    house.seconds_pass(3000);
    house.assert_gives("1", Freshness::Stale).await;
    house.goes_down(false);
    house.seconds_pass(2);
    house.assert_gives("4", Freshness::Fresh).await;
}

#[tokio::test]
async fn an_unavailable_store_is_left_alone_for_a_second() {
    let house = House::new();
    house.ask().await.unwrap();
    house.goes_down(true);
    house.seconds_pass(6);
    for _ in 0..5 {
        house.assert_gives("1", Freshness::Stale).await;
    }
    assert_eq!(house.loads(), 2);
    house.seconds_pass(1);
    house.assert_gives("1", Freshness::Stale).await;
    assert_eq!(house.loads(), 3);
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let house = House::new();
    house.ask().await.unwrap();
    house.goes_down(true);
    house.seconds_pass(6);
    house.assert_gives("1", Freshness::Stale).await;
    house.goes_down(false);
    house.seconds_pass(-3600);
    house.assert_gives("3", Freshness::Fresh).await;
}

#[tokio::test]
async fn what_is_too_old_does_not_stand_in() {
    let house = House::new();
    house.ask().await.unwrap();
    house.goes_down(true);
    house.seconds_pass(3601);
    assert!(house.ask().await.is_err());
}

#[tokio::test]
async fn what_was_forgotten_stands_in_for_an_unavailable_store_only() {
    let house = House::new();
    house.ask().await.unwrap();
    house.cache.forget(&slug("w")).await;
    house.assert_gives("2", Freshness::Fresh).await;
    house.cache.forget_everything().await;
    house.goes_down(true);
    house.assert_gives("2", Freshness::Stale).await;
}

/// A house in which somebody is loading an answer that has expired.
async fn with_a_load_under_way() -> (Arc<House>, tokio::task::JoinHandle<(String, Freshness)>) {
    let house = Arc::new(House::new());
    house.ask().await.unwrap();
    house.seconds_pass(6);
    house.store.gate.forget_permits(Semaphore::MAX_PERMITS);
    let first = tokio::spawn({
        let house = house.clone();
        async move { house.ask().await.unwrap() }
    });
    while house.loads() < 2 {
        tokio::task::yield_now().await;
    }
    (house, first)
}

#[tokio::test]
async fn while_one_loads_the_others_need_not_wait() {
    let (house, first) = with_a_load_under_way().await;
    house.assert_gives("1", Freshness::Stale).await;
    house.store.gate.add_permits(1);
    assert_eq!(first.await.unwrap(), ("2".to_owned(), Freshness::Fresh));
    house.assert_gives("2", Freshness::Fresh).await;
}

#[tokio::test]
async fn when_the_one_who_loads_gives_up_the_next_one_loads() {
    let (house, first) = with_a_load_under_way().await;
    first.abort();
    _ = first.await;
    house.store.gate.add_permits(1);
    house.assert_gives("3", Freshness::Fresh).await;
}

#[tokio::test]
async fn what_was_forgotten_does_not_stand_in_for_a_load() {
    let (house, first) = with_a_load_under_way().await;
    house.cache.forget(&slug("w")).await;
    house.store.gate.add_permits(2);
    house.assert_gives("3", Freshness::Fresh).await;
    first.await.unwrap();
}
