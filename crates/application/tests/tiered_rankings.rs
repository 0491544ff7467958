//! Two processes, each with a cache of its own, over one that they share.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use benchmark_application::TieredRankings;
use benchmark_domain::{Statistic, Window, metrics};
use benchmark_memory_adapter::{MemoryInvalidationBus, MemoryRankingCache};
use benchmark_port_contracts::fixtures::{at, page, slug};
use benchmark_port_contracts::{StoppedClock, async_trait, ranking_cache_contract};
use benchmark_ports::{
    Clock, Document, ForgetRankings, InvalidationBus, LoadError, LoadRanking, Loaded, RankingCache,
    RankingQuery, Subject,
};

fn memory(ttl: Duration, bytes: u64, clock: &Arc<dyn Clock>) -> Arc<dyn RankingCache> {
    Arc::new(MemoryRankingCache::new(ttl, bytes, Arc::clone(clock)))
}

/// A tiered cache is a cache like any other.
async fn cache(ttl: Duration, bytes: u64, clock: Arc<dyn Clock>) -> Arc<dyn RankingCache> {
    let (near, far) = (memory(ttl, bytes, &clock), memory(ttl, bytes, &clock));
    Arc::new(TieredRankings::new(near, far, Arc::new(MemoryInvalidationBus::default())))
}

ranking_cache_contract!(cache);

/// Answers with the number of the load.
#[derive(Default)]
struct Store {
    loads: AtomicUsize,
    to_share_only: bool,
}

#[async_trait]
impl LoadRanking for Store {
    async fn load(&self, _: &RankingQuery) -> Result<Loaded, LoadError> {
        let text = (self.loads.fetch_add(1, Ordering::SeqCst) + 1).to_string();
        let document = Document::new(text.clone().into_bytes(), text, at(0));
        Ok(Loaded { document: Arc::new(document), keep: !self.to_share_only })
    }
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

async fn ask(cache: &TieredRankings, store: &Store) -> String {
    let served = cache.get_or_load(&question(), store).await.unwrap();
    String::from_utf8(served.document.json().to_vec()).unwrap()
}

/// Two processes; each hears of what either of them announces.
async fn two_processes() -> [Arc<TieredRankings>; 2] {
    let clock: Arc<dyn Clock> = Arc::new(StoppedClock::at(at(0)));
    let cache = || memory(Duration::from_secs(60), 1 << 20, &clock);
    let (far, bus) = (cache(), Arc::new(MemoryInvalidationBus::default()));
    let processes = [cache(), cache()].map(|near| {
        let listening = (Arc::clone(&bus), Arc::clone(&near));
        tokio::spawn(async move { listening.0.listen(&*listening.1).await });
        Arc::new(TieredRankings::new(near, Arc::clone(&far), bus.clone()))
    });
    // Both listen once they have run for the first time.
    tokio::task::yield_now().await;
    processes
}

#[tokio::test]
async fn what_one_process_loaded_the_other_need_not_load() {
    let ([one, other], store) = (two_processes().await, Store::default());
    assert_eq!(ask(&one, &store).await, "1");
    assert_eq!(ask(&other, &store).await, "1");
    assert!(other.peek(&question()).is_some(), "it is kept nearby from then on");
}

#[tokio::test]
async fn what_one_process_forgets_the_other_forgets_too() {
    let ([one, other], store) = (two_processes().await, Store::default());
    ask(&one, &store).await;
    ask(&other, &store).await;
    one.forget(&slug("w")).await;
    assert_eq!(ask(&one, &store).await, "2");
    while other.peek(&question()).is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&other, &store).await, "2");
}

#[tokio::test]
async fn what_may_not_be_kept_is_kept_nowhere() {
    let store = Store { to_share_only: true, ..Store::default() };
    let [one, other] = two_processes().await;
    assert_eq!(ask(&one, &store).await, "1");
    assert_eq!(ask(&one, &store).await, "2");
    assert_eq!(ask(&other, &store).await, "3");
}
