//! The use cases over the in-memory adapters.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_application::{
    Authenticate, AuthenticateError, ComputeRanking, CreateKey, CreateKeyError, ListKeys,
    PublishRankings, ReadRanking, RecordRuns, RecordRunsError, RevokeKey, Unfit, UnfitRun,
};
use benchmark_domain::chrono::TimeDelta;
use benchmark_domain::{
    Conditions, MetricName, Publication, RankingScope, Run, Statistic, Timestamp, Window,
    WorkloadSlug, metrics,
};
use benchmark_memory_adapter::{MemoryRankingCache, MemoryStore};
use benchmark_port_contracts::StoppedClock;
use benchmark_port_contracts::fixtures::{a_run, at, page, slug, ttft};
use benchmark_ports::{
    ApiKeyId, Clock, Document, LoadError, PublishOutcome, Randomness, RankingEncoder,
    RankingPublisher, RankingQuery, RankingReader, RankingView, RecordOutcome, Revision, RunFilter,
    RunStore, Scope, Scopes, StoreError, Subject,
};

/// Writes the names of the LLMs, in order.
struct Names;

impl Names {
    fn of(ranking: &RankingView) -> String {
        let names: Vec<_> = ranking.entries().map(|e| e.ranked.llm.to_string()).collect();
        names.join(" ")
    }
}

impl RankingEncoder for Names {
    fn one(&self, ranking: &RankingView, made_at: Timestamp) -> Document {
        Document::new(Self::of(ranking).into_bytes(), "tag".to_owned(), made_at)
    }

    fn all(&self, rankings: &[RankingView], _: Option<&str>, made_at: Timestamp) -> Document {
        let all: Vec<_> =
            rankings.iter().map(|r| format!("{}: {}", r.metric.name, Self::of(r))).collect();
        Document::new(all.join("\n").into_bytes(), "tag".to_owned(), made_at)
    }
}

/// A publisher that fails while it is told to.
struct Fallible {
    inner: Arc<MemoryStore>,
    down: AtomicBool,
}

#[async_trait]
impl RankingPublisher for Fallible {
    async fn publish(
        &self,
        publication: &Publication,
        basis: Revision,
    ) -> Result<PublishOutcome, StoreError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("down for the test"));
        }
        self.inner.publish(publication, basis).await
    }

    async fn pending(&self) -> Result<Vec<RankingScope>, StoreError> {
        self.inner.pending().await
    }
}

/// Different bytes at every call; nobody is to be surprised by them here.
#[derive(Default)]
struct Counter(std::sync::atomic::AtomicU8);

impl Randomness for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

struct House {
    store: Arc<MemoryStore>,
    clock: Arc<StoppedClock>,
    publisher: Arc<Fallible>,
    publish: Arc<PublishRankings>,
    record: RecordRuns,
    read: ReadRanking,
}

impl House {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(StoppedClock::at(at(0)));
        let as_clock: Arc<dyn Clock> = clock.clone();
        let cache =
            Arc::new(MemoryRankingCache::new(Duration::from_secs(60), 1 << 20, as_clock.clone()));
        let publisher = Arc::new(Fallible { inner: store.clone(), down: AtomicBool::new(false) });
        let publish = Arc::new(PublishRankings::new(
            store.clone(),
            publisher.clone(),
            store.clone(),
            cache.clone(),
            as_clock.clone(),
            Arc::new(Counter::default()),
        ));
        let record =
            RecordRuns::new(store.clone(), store.clone(), publish.clone(), as_clock.clone());
        let compute = ComputeRanking::new(store.clone(), store.clone(), Arc::new(Names), as_clock);
        Self { read: ReadRanking::new(cache, compute), store, clock, publisher, publish, record }
    }

    async fn ttft(&self) -> String {
        self.answer(&query()).await
    }

    async fn answer(&self, query: &RankingQuery) -> String {
        let document = self.read.run(query).await.unwrap().document;
        String::from_utf8(document.json().to_vec()).unwrap()
    }
}

fn query() -> RankingQuery {
    RankingQuery {
        subject: Subject::Metric(metrics::TTFT),
        workload: WorkloadSlug::default(),
        window: Window::Latest,
        statistic: Statistic::Mean,
        provider: None,
        limit: page(100),
        offset: 0,
    }
}

#[tokio::test]
async fn what_is_recorded_is_published_and_read_at_once() {
    let house = House::new();
    assert_eq!(house.ttft().await, "");
    let fast = a_run().llm("fast").ttft(&[0.1, 0.2]).build();
    let slow = a_run().llm("slow").ttft(&[0.8, 0.9]).build();
    let outcomes = house.record.run(&[slow, fast]).await.unwrap();
    assert_eq!(outcomes, [RecordOutcome::New, RecordOutcome::New]);
    assert_eq!(house.ttft().await, "fast slow");
    let current = house.store.current(&ttft()).await.unwrap().unwrap();
    assert!(current.up_to_date);
    assert_eq!(current.entries.len(), 2);
}

#[tokio::test]
async fn an_unknown_metric_names_the_known_ones_and_nothing_is_recorded() {
    let house = House::new();
    let banana = MetricName::parse("BANANA").unwrap();
    let good = a_run().build();
    let bad = a_run().llm("bad").samples(banana.clone(), &[1.0]).build();
    let error = house.record.run(&[good, bad]).await.unwrap_err();
    let RecordRunsError::Unfit { first: UnfitRun { run, reason }, others } = error else {
        panic!("{error}");
    };
    assert_eq!((run, others.len()), (1, 0));
    let Unfit::UnknownMetric { metric, known } = reason else { panic!("{reason}") };
    assert_eq!(metric, banana);
    assert!(known.contains(&metrics::TTFT));
    let runs = house.store.runs(&RunFilter::default(), None, page(10)).await.unwrap().unwrap();
    assert_eq!(runs, []);
}

#[tokio::test]
async fn a_run_that_has_not_started_yet_is_refused() {
    let house = House::new();
    let runs = [a_run().started(at(299)).build(), a_run().started(at(301)).build()];
    let error = house.record.run(&runs).await.unwrap_err();
    let RecordRunsError::Unfit { first, .. } = &error else { panic!("{error}") };
    assert!(matches!(first, UnfitRun { run: 1, reason: Unfit::InTheFuture { .. } }), "{error}");
    assert_eq!(error.to_string(), "it starts at 2025-06-15T15:11:41Z, in the future");
    house.record.run(&runs[..1]).await.unwrap();
}

/// A run on the workload `chat`, under this label for its GPU, if any.
fn on_chat(gpu: Option<&str>) -> Run {
    let labels = gpu.map(|gpu| ("gpu".to_owned(), gpu.to_owned())).into_iter().collect();
    let conditions = Conditions { labels, ..Conditions::default() };
    a_run().llm(gpu.unwrap_or("any")).workload("chat").conditions(conditions).build()
}

#[tokio::test]
async fn a_label_that_would_be_lost_is_refused() {
    let house = House::new();
    let refusal = async |runs: &[Run]| house.record.run(runs).await.unwrap_err().to_string();
    let other = "its workload chat has gpu=h100, not gpu=a100; \
                 under other labels it is another workload";
    assert_eq!(refusal(&[on_chat(Some("h100")), on_chat(Some("a100"))]).await, other);
    let unlabelled =
        "its workload chat has no label gpu; under other labels it is another workload";
    assert_eq!(refusal(&[on_chat(None), on_chat(Some("h100"))]).await, unlabelled);

    house.record.run(&[on_chat(Some("h100"))]).await.unwrap();
    assert_eq!(refusal(&[on_chat(Some("a100"))]).await, other);
    // Who says nothing contradicts nothing.
    house.record.run(&[on_chat(Some("h100")), on_chat(None)]).await.unwrap();
}

#[tokio::test]
async fn an_llm_that_fails_entirely_falls_behind_all_others() {
    let house = House::new();
    let good = a_run().llm("good").ttft(&[0.1, 0.2, 0.3]).build();
    let other = a_run().llm("other").ttft(&[0.8, 0.9, 1.0]).build();
    house.record.run(&[good, other]).await.unwrap();
    assert_eq!(house.ttft().await, "good other");
    let down = a_run().llm("good").started(at(60)).requests(100, 100).nothing().build();
    house.record.run(&[down]).await.unwrap();
    assert_eq!(house.ttft().await, "other good");
    let view = house.read.views(&query()).await.unwrap().remove(0);
    let entries: Vec<_> = view.entries().collect();
    assert_eq!(entries[1].ranked.tier, benchmark_domain::Tier::MostlyFailed);
    assert_eq!(entries[1].ranked.requests.failed(), 100);
}

#[tokio::test]
async fn readers_see_what_could_not_be_published_and_a_sweep_makes_it_good() {
    let house = House::new();
    house.record.run(&[a_run().llm("first").build()]).await.unwrap();
    house.publisher.down.store(true, Ordering::Relaxed);
    let second = a_run().llm("second").ttft(&[0.01, 0.02]).build();
    house.record.run(&[second]).await.unwrap();
    assert_eq!(house.ttft().await, "second first");
    assert!(!house.store.current(&ttft()).await.unwrap().unwrap().up_to_date);

    house.publisher.down.store(false, Ordering::Relaxed);
    assert!(house.publish.pending().await.unwrap() > 0);
    assert!(house.store.current(&ttft()).await.unwrap().unwrap().up_to_date);
    assert_eq!(house.publish.pending().await.unwrap(), 0);
}

#[tokio::test]
async fn an_older_run_does_not_change_the_latest_ranking_but_the_window() {
    let house = House::new();
    house.record.run(&[a_run().llm("a").started(at(0)).ttft(&[0.5, 0.6]).build()]).await.unwrap();
    house.record.run(&[a_run().llm("b").started(at(0)).ttft(&[0.3, 0.4]).build()]).await.unwrap();
    let old = a_run().llm("a").started(at(-60)).ttft(&[0.01, 0.02, 0.01, 0.02]).build();
    house.record.run(&[old]).await.unwrap();
    assert_eq!(house.ttft().await, "b a");
    assert_eq!(house.answer(&RankingQuery { window: Window::All, ..query() }).await, "a b");
}

#[tokio::test]
async fn a_provider_or_a_page_shows_a_part_and_leaves_the_ranks_alone() {
    let house = House::new();
    for (llm, provider, ttft) in [("a", "x", 0.1), ("b", "y", 0.2), ("c", "x", 0.3)] {
        let run = a_run().llm(llm).provider(provider).ttft(&[ttft, ttft]).build();
        house.record.run(&[run]).await.unwrap();
    }
    let provider = benchmark_domain::Provider::parse("x").ok();
    let of_x = house.read.views(&RankingQuery { provider, ..query() }).await.unwrap();
    let ranks: Vec<_> = of_x[0].entries().map(|entry| entry.ranked.rank).collect();
    assert_eq!(ranks, [1, 3]);
    let second = RankingQuery { limit: page(1), offset: 1, ..query() };
    assert_eq!(house.answer(&second).await, "b (y)");
}

#[tokio::test]
async fn every_metric_has_its_ranking_in_the_answer_about_all() {
    let house = House::new();
    house.record.run(&[a_run().llm("a").build()]).await.unwrap();
    let all = RankingQuery { subject: Subject::AllMetrics, ..query() };
    let answer = house.answer(&all).await;
    assert_eq!(answer.lines().count(), metrics::BUILT_IN.len());
    assert!(answer.contains("TTFT: a") && answer.contains("ERROR_RATE: a"), "{answer}");
}

#[tokio::test]
async fn an_empty_ranking_names_the_workloads_that_have_runs() {
    let house = House::new();
    house.record.run(&[a_run().workload("chat").build()]).await.unwrap();
    let message = house.read.views(&query()).await.unwrap().remove(0).message.unwrap();
    assert!(message.contains("chat"), "{message}");
    let old = RankingQuery { workload: slug("chat"), window: Window::Hours(1), ..query() };
    house.clock.advance(TimeDelta::hours(2));
    let message = house.read.views(&old).await.unwrap().remove(0).message.unwrap();
    assert!(message.contains("longer window"), "{message}");
}

#[tokio::test]
async fn whose_samples_are_too_few_for_a_percentile_is_named_and_not_ranked() {
    let house = House::new();
    let many: Vec<_> = (1..=100).map(f64::from).collect();
    let runs = [a_run().llm("few").build(), a_run().llm("many").ttft(&many).build()];
    house.record.run(&runs).await.unwrap();
    let by = |statistic| RankingQuery { statistic, ..query() };
    let view = house.read.views(&by(Statistic::P95)).await.unwrap().remove(0);
    assert_eq!(view.entries().count(), 1);
    assert_eq!(view.message.unwrap(), "not ranked by p95: few needs 72 samples, has 3");
    // That nobody is ranked does not mean that nobody has runs.
    let view = house.read.views(&by(Statistic::P99)).await.unwrap().remove(0);
    assert_eq!(view.entries().count(), 0);
    assert!(view.message.unwrap().contains("many needs 368 samples, has 100"));
    assert_eq!(house.read.views(&query()).await.unwrap().remove(0).message, None);
}

#[tokio::test]
async fn an_unknown_metric_cannot_be_read() {
    let house = House::new();
    let subject = Subject::Metric(MetricName::parse("BANANA").unwrap());
    let error = house.read.run(&RankingQuery { subject, ..query() }).await.unwrap_err();
    assert!(matches!(error, LoadError::UnknownMetric { .. }), "{error}");
    assert!(error.to_string().contains("TTFT"));
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_until_it_expires() {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(StoppedClock::at(at(0)));
    let create = CreateKey::new(store.clone(), clock.clone(), Arc::new(Counter::default()));
    let authenticate = Authenticate::new(None, store, clock.clone());
    let scopes: Scopes = [Scope::Read].into_iter().collect();
    let expiry = Some(at(0) + TimeDelta::hours(1));
    let (key, plain) = create.run(" router ", scopes, expiry).await.unwrap();

    let principal = authenticate.run(plain.expose()).await.unwrap();
    assert_eq!((principal.key, principal.scopes), (Some(key.id), scopes));
    assert_eq!(key.owner, "router");
    for wrong in ["", "bmk_", &plain.expose().replace('0', "1")] {
        let refused = authenticate.run(wrong).await;
        assert!(matches!(refused, Err(AuthenticateError::NotValid)), "{wrong}");
    }
    clock.advance(TimeDelta::hours(1));
    assert!(authenticate.run(plain.expose()).await.is_err(), "expired");
}

#[tokio::test]
async fn the_first_key_is_made_once() {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(StoppedClock::at(at(0)));
    let create = CreateKey::new(store, clock, Arc::new(Counter::default()));
    assert!(create.first().await.unwrap().is_some());
    assert!(create.first().await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_that_is_nobodys_opens_nothing_or_is_never_valid_is_not_made() {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(StoppedClock::at(at(0)));
    let create = CreateKey::new(store.clone(), clock, Arc::new(Counter::default()));
    let read: Scopes = [Scope::Read].into_iter().collect();
    for owner in ["", " ", "a\u{7}b", &"x".repeat(101)] {
        let refused = create.run(owner, read, None).await;
        assert!(matches!(refused, Err(CreateKeyError::Owner)), "{owner:?}");
    }
    let refused = create.run("router", Scopes::default(), None).await;
    assert!(matches!(refused, Err(CreateKeyError::NoScope)));
    // One nanosecond is not kept.
    let in_the_year_10000 = at(0) + TimeDelta::days(8000 * 366);
    for expiry in [at(-1), at(0), at(0) + TimeDelta::nanoseconds(1), in_the_year_10000] {
        let refused = create.run("router", read, Some(expiry)).await;
        assert!(matches!(refused, Err(CreateKeyError::Expired)), "{expiry}");
    }
    assert_eq!(ListKeys::new(store).run(None, page(10)).await.unwrap(), Some(vec![]));
    create.run(&"é".repeat(100), read, None).await.unwrap();
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_that_moment_on_and_listed_as_revoked() {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(StoppedClock::at(at(0)));
    let create = CreateKey::new(store.clone(), clock.clone(), Arc::new(Counter::default()));
    let revoke = RevokeKey::new(store.clone(), clock.clone());
    let list = ListKeys::new(store.clone());
    let authenticate = Authenticate::new(None, store, clock.clone());
    let (key, plain) = create.run("router", Scopes::all(), None).await.unwrap();

    clock.advance(TimeDelta::seconds(5));
    authenticate.run(plain.expose()).await.unwrap();
    assert_eq!(revoke.run(key.id).await.unwrap().unwrap().revoked_at, Some(at(5)));
    assert!(authenticate.run(plain.expose()).await.is_err());
    // Nor by a clock that is behind the one by which it was revoked.
    clock.advance(TimeDelta::seconds(-5));
    assert!(authenticate.run(plain.expose()).await.is_err());
    clock.advance(TimeDelta::seconds(10));
    revoke.run(key.id).await.unwrap();
    let listed = list.run(None, page(10)).await.unwrap().unwrap();
    let times: Vec<_> = listed.iter().map(|key| (key.revoked_at, key.last_used_at)).collect();
    assert_eq!(times, [(Some(at(5)), Some(at(5)))]);

    let nobody = ApiKeyId(benchmark_domain::uuid::Uuid::nil());
    assert_eq!(revoke.run(nobody).await.unwrap(), None);
    assert_eq!(list.run(Some(nobody), page(10)).await.unwrap(), None);
}
