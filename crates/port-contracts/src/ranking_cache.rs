//! What `RankingCache` promises. The suite makes caches of [`TTL`] and
//! [`BYTES`].

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_domain::chrono::TimeDelta;
use benchmark_domain::{Provider, Statistic, Window, metrics};
use benchmark_ports::{
    Document, LoadError, LoadRanking, Loaded, RankingCache, RankingQuery, Served, StoreError,
    Subject,
};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::StoppedClock;
use crate::fixtures::{at, page, slug};

/// How long the caches of this suite keep an answer.
pub const TTL: Duration = Duration::from_secs(60);

/// How many bytes the caches of this suite may take.
pub const BYTES: u64 = 1 << 20;

type Cache = Arc<dyn RankingCache>;
type Clock = Arc<StoppedClock>;

/// Makes documents whose text is the loader's name and the number of the load.
struct Loader {
    name: &'static str,
    keep: bool,
    padding: usize,
    failures: usize,
    loads: AtomicUsize,
    gate: Semaphore,
}

impl Loader {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            keep: true,
            padding: 0,
            failures: 0,
            loads: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    /// Each load waits until it is let through.
    fn gated(self) -> Self {
        Self { gate: Semaphore::new(0), ..self }
    }

    fn let_through(&self, loads: usize) {
        self.gate.add_permits(loads);
    }

    async fn is_asked(&self) {
        while self.loads() == 0 {
            yield_now().await;
        }
    }

    fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl LoadRanking for Loader {
    async fn load(&self, _: &RankingQuery) -> Result<Loaded, LoadError> {
        let number = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        if number <= self.failures {
            return Err(StoreError::unavailable("no answer").into());
        }
        let text = format!("{} {number}{}", self.name, " ".repeat(self.padding));
        let document = Document::new(text.clone().into_bytes(), text, at(0));
        Ok(Loaded { document: Arc::new(document), keep: self.keep })
    }
}

fn about(workload: &str) -> RankingQuery {
    RankingQuery {
        subject: Subject::Metric(metrics::TTFT),
        workload: slug(workload),
        window: Window::Latest,
        statistic: Statistic::Mean,
        provider: None,
        limit: page(100),
        offset: 0,
    }
}

async fn ask(cache: &Cache, query: &RankingQuery, loader: &Loader) -> Result<String, LoadError> {
    let Served { document, .. } = cache.get_or_load(query, loader).await?;
    Ok(String::from_utf8(document.json().to_vec()).unwrap().trim_end().to_owned())
}

/// Asks so many times at once while the first load is held up, lets `loads` of
/// them through once everybody asks, and tells the answers.
async fn ask_at_once(
    cache: &Cache,
    loader: Loader,
    askers: usize,
    loads: usize,
) -> (Arc<Loader>, Vec<Result<String, LoadError>>) {
    let (loader, asking) = (Arc::new(loader.gated()), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..askers)
        .map(|_| {
            let (cache, loader, asking) = (cache.clone(), loader.clone(), asking.clone());
            tokio::spawn(async move {
                asking.fetch_add(1, Ordering::SeqCst);
                ask(&cache, &about("w"), &loader).await
            })
        })
        .collect();
    while asking.load(Ordering::SeqCst) < askers {
        yield_now().await;
    }
    loader.is_asked().await;
    loader.let_through(loads);
    let mut answers = vec![];
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    (loader, answers)
}

pub async fn what_was_loaded_is_kept(cache: Cache, _: Clock) {
    let loader = Loader::new("a");
    for _ in 0..3 {
        assert_eq!(ask(&cache, &about("w"), &loader).await.unwrap(), "a 1");
    }
    assert_eq!(loader.loads(), 1);
}

pub async fn what_is_peeked_at_is_what_is_kept(cache: Cache, clock: Clock) {
    let question = about("w");
    assert!(cache.peek(&question).is_none(), "nothing is kept yet");
    let loader = Loader::new("a");
    let loaded = cache.get_or_load(&question, &loader).await.unwrap().document;
    // A cache that other processes share may keep nothing in this one.
    assert!(cache.peek(&question).is_none_or(|kept| kept.document.json() == loaded.json()));
    assert!(cache.peek(&about("other")).is_none());
    clock.advance(TimeDelta::from_std(TTL).unwrap());
    assert!(cache.peek(&question).is_none(), "its time is over");
    ask(&cache, &question, &loader).await.unwrap();
    cache.forget(&slug("w")).await;
    assert!(cache.peek(&question).is_none(), "it is forgotten");
}

pub async fn each_question_has_its_own_answer(cache: Cache, _: Clock) {
    let loader = Loader::new("a");
    let questions = [
        about("w"),
        about("other"),
        RankingQuery { subject: Subject::Metric(metrics::TPS), ..about("w") },
        RankingQuery { subject: Subject::AllMetrics, ..about("w") },
        RankingQuery { window: Window::All, ..about("w") },
        RankingQuery { window: Window::Hours(24), ..about("w") },
        RankingQuery { statistic: Statistic::P99, ..about("w") },
        RankingQuery { provider: Some(Provider::parse("groq").unwrap()), ..about("w") },
        RankingQuery { limit: page(99), ..about("w") },
        RankingQuery { offset: 1, ..about("w") },
    ];
    for _ in 0..2 {
        for (before, question) in questions.iter().enumerate() {
            let expected = format!("a {}", before + 1);
            assert_eq!(ask(&cache, question, &loader).await.unwrap(), expected);
        }
    }
}

pub async fn an_answer_is_kept_no_longer_than_its_time(cache: Cache, clock: Clock) {
    let loader = Loader::new("a");
    ask(&cache, &about("w"), &loader).await.unwrap();
    let ttl = TimeDelta::from_std(TTL).unwrap();
    clock.advance(ttl - TimeDelta::milliseconds(1));
    assert_eq!(ask(&cache, &about("w"), &loader).await.unwrap(), "a 1");
    clock.advance(TimeDelta::milliseconds(2));
    for _ in 0..2 {
        assert_eq!(ask(&cache, &about("w"), &loader).await.unwrap(), "a 2");
    }
}

pub async fn whoever_asks_at_once_shares_one_load(cache: Cache, _: Clock) {
    let (loader, answers) = ask_at_once(&cache, Loader::new("a"), 500, 1).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == "a 1"));
    assert_eq!(loader.loads(), 1);
}

pub async fn whoever_asks_at_once_for_an_expired_answer_shares_one_load(
    cache: Cache,
    clock: Clock,
) {
    ask(&cache, &about("w"), &Loader::new("old")).await.unwrap();
    clock.advance(TimeDelta::from_std(2 * TTL).unwrap());
    let (loader, answers) = ask_at_once(&cache, Loader::new("new"), 500, 1).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == "new 1"));
    assert_eq!(loader.loads(), 1);
}

pub async fn after_a_failure_the_next_one_tries_again(cache: Cache, _: Clock) {
    let loader = Loader { failures: 1, ..Loader::new("a") };
    let error = ask(&cache, &about("w"), &loader).await.unwrap_err();
    assert!(matches!(error, LoadError::Store(StoreError::Unavailable { .. })));
    for _ in 0..2 {
        assert_eq!(ask(&cache, &about("w"), &loader).await.unwrap(), "a 2");
    }
}

pub async fn a_failure_does_not_hold_up_who_waits(cache: Cache, _: Clock) {
    let failing = Loader { failures: 1, ..Loader::new("a") };
    let (loader, answers) = ask_at_once(&cache, failing, 50, 2).await;
    let failed = answers.iter().filter(|answer| answer.is_err()).count();
    assert_eq!(failed, 1);
    assert!(answers.into_iter().flatten().all(|answer| answer == "a 2"));
    assert_eq!(loader.loads(), 2);
}

pub async fn who_gives_up_does_not_hold_up_who_waits(cache: Cache, _: Clock) {
    let (abandoned, patient) = (Arc::new(Loader::new("a").gated()), Loader::new("b"));
    let first = tokio::spawn({
        let (cache, loader) = (cache.clone(), abandoned.clone());
        async move { ask(&cache, &about("w"), &loader).await }
    });
    abandoned.is_asked().await;
    let second = tokio::spawn({
        let cache = cache.clone();
        async move { ask(&cache, &about("w"), &patient).await.unwrap() }
    });
    first.abort();
    assert_eq!(second.await.unwrap(), "b 1");
}

pub async fn what_may_not_be_kept_is_loaded_again(cache: Cache, _: Clock) {
    let loader = Loader { keep: false, ..Loader::new("a") };
    for number in 1..4 {
        let expected = format!("a {number}");
        assert_eq!(ask(&cache, &about("w"), &loader).await.unwrap(), expected);
    }
}

pub async fn what_may_not_be_kept_is_shared_by_whoever_asks_at_once(cache: Cache, _: Clock) {
    let unkept = Loader { keep: false, ..Loader::new("a") };
    // Only who happens to ask after the first answer loads again.
    let (loader, answers) = ask_at_once(&cache, unkept, 500, 500).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(loader.loads() < 50, "{} loads", loader.loads());
}

pub async fn forgetting_drops_every_answer_about_a_workload(cache: Cache, _: Clock) {
    let questions = [
        about("w"),
        RankingQuery { subject: Subject::AllMetrics, ..about("w") },
        RankingQuery { window: Window::All, ..about("w") },
        RankingQuery { provider: Some(Provider::parse("groq").unwrap()), ..about("w") },
    ];
    let (before, after) = (Loader::new("before"), Loader::new("after"));
    for question in &questions {
        ask(&cache, question, &before).await.unwrap();
    }
    cache.forget(&slug("w")).await;
    for question in &questions {
        let answer = ask(&cache, question, &after).await.unwrap();
        assert!(answer.starts_with("after"), "{answer}");
    }
}

pub async fn forgetting_everything_drops_every_answer(cache: Cache, _: Clock) {
    let (before, after) = (Loader::new("before"), Loader::new("after"));
    let questions = [about("w"), about("other")];
    for question in &questions {
        ask(&cache, question, &before).await.unwrap();
    }
    cache.forget_everything().await;
    for question in &questions {
        let answer = ask(&cache, question, &after).await.unwrap();
        assert!(answer.starts_with("after"), "{answer}");
    }
}

pub async fn forgetting_touches_no_other_workload(cache: Cache, _: Clock) {
    let loader = Loader::new("a");
    ask(&cache, &about("w"), &loader).await.unwrap();
    cache.forget(&slug("other")).await;
    assert_eq!(ask(&cache, &about("w"), &loader).await.unwrap(), "a 1");
}

pub async fn who_asks_after_forgetting_gets_a_later_load(cache: Cache, _: Clock) {
    let stale = Arc::new(Loader::new("stale").gated());
    let early = tokio::spawn({
        let (cache, loader) = (cache.clone(), stale.clone());
        async move { ask(&cache, &about("w"), &loader).await.unwrap() }
    });
    stale.is_asked().await;
    cache.forget(&slug("w")).await;
    // The load from before is still under way, and nobody waits for it.
    let fresh = Loader::new("fresh");
    assert_eq!(ask(&cache, &about("w"), &fresh).await.unwrap(), "fresh 1");
    stale.let_through(1);
    assert_eq!(early.await.unwrap(), "stale 1");
    assert_eq!(ask(&cache, &about("w"), &fresh).await.unwrap(), "fresh 1");
}

pub async fn a_load_that_ends_after_forgetting_is_not_served(cache: Cache, _: Clock) {
    let stale = Arc::new(Loader::new("stale").gated());
    let early = tokio::spawn({
        let (cache, loader) = (cache.clone(), stale.clone());
        async move { ask(&cache, &about("w"), &loader).await.unwrap() }
    });
    stale.is_asked().await;
    cache.forget(&slug("w")).await;
    stale.let_through(1);
    early.await.unwrap();
    assert_eq!(ask(&cache, &about("w"), &Loader::new("fresh")).await.unwrap(), "fresh 1");
}

pub async fn what_is_kept_takes_no_more_than_its_bytes(cache: Cache, _: Clock) {
    let (large, refusing) = (
        Loader { padding: 20_000, ..Loader::new("a") },
        Loader { failures: usize::MAX, ..Loader::new("b") },
    );
    let (mut kept, mut bytes) = (0, 0);
    for i in 0..200 {
        ask(&cache, &about(&format!("w{i}")), &large).await.unwrap();
    }
    for i in 0..200 {
        if let Ok(Served { document, .. }) =
            cache.get_or_load(&about(&format!("w{i}")), &refusing).await
        {
            kept += 1;
            bytes += document.weight() as u64;
        }
    }
    assert!(kept > 0);
    assert!(bytes <= BYTES, "{bytes} bytes in {kept} documents");
}

pub async fn what_is_too_large_to_keep_is_served(cache: Cache, _: Clock) {
    let huge = Loader { padding: BYTES as usize, ..Loader::new("a") };
    assert_eq!(ask(&cache, &about("w"), &huge).await.unwrap(), "a 1");
    assert!(ask(&cache, &about("w"), &huge).await.is_ok());
}
