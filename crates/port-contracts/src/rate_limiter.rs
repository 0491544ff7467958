//! What `RateLimiter` promises. Time is real here, since a limiter may go by
//! the clock of a server.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benchmark_ports::{RateDecision, RateLimit, RateLimiter};
use tokio::time::sleep;

type Limiter = Arc<dyn RateLimiter>;

const HOUR: Duration = Duration::from_secs(3600);

fn per(period: Duration, requests: u32) -> RateLimit {
    RateLimit { requests: NonZeroU32::new(requests).unwrap(), period }
}

/// Takes until there is a refusal: on a busy machine, of a brief period some may
/// have come back meanwhile.
async fn exhaust(limiter: &Limiter, subject: &str) -> RateDecision {
    for _ in 0..limiter.limit().requests.get() {
        assert!(limiter.take(subject).await.allowed);
    }
    loop {
        let decision = limiter.take(subject).await;
        if !decision.allowed {
            return decision;
        }
    }
}

/// Whether a time was this one, or a moment later is.
fn is_about(time: Duration, expected: Duration) -> bool {
    time <= expected && time + Duration::from_secs(60) > expected
}

pub async fn the_limit_is_told(make: impl AsyncFnOnce(RateLimit) -> Limiter) {
    let limiter = make(per(HOUR, 7)).await;
    assert_eq!(limiter.limit(), per(HOUR, 7));
}

pub async fn so_many_go_on_at_once_and_no_more(make: impl AsyncFnOnce(RateLimit) -> Limiter) {
    let limiter = make(per(HOUR, 4)).await;
    for remaining in [3, 2, 1, 0] {
        let decision = limiter.take("a").await;
        assert!(decision.allowed);
        assert_eq!(decision.remaining, remaining);
    }
    for _ in 0..3 {
        let decision = limiter.take("a").await;
        assert!(!decision.allowed);
        assert_eq!(decision.remaining, 0);
    }
}

pub async fn there_is_nothing_to_wait_for_while_some_remain(
    make: impl AsyncFnOnce(RateLimit) -> Limiter,
) {
    let limiter = make(per(HOUR, 2)).await;
    assert_eq!(limiter.take("a").await.retry_after, Duration::ZERO);
    let last = limiter.take("a").await;
    assert!(last.allowed);
    assert!(is_about(last.retry_after, HOUR / 2), "{last:?}");
    let refusal = limiter.take("a").await;
    assert!(is_about(refusal.retry_after, HOUR / 2), "{refusal:?}");
}

pub async fn each_one_taken_puts_the_reset_off_by_its_share(
    make: impl AsyncFnOnce(RateLimit) -> Limiter,
) {
    let limiter = make(per(HOUR, 4)).await;
    for taken in 1..=4 {
        let decision = limiter.take("a").await;
        assert!(is_about(decision.reset_after, taken * (HOUR / 4)), "{taken}: {decision:?}");
    }
    let refusal = limiter.take("a").await;
    assert!(is_about(refusal.reset_after, HOUR), "{refusal:?}");
}

pub async fn subjects_do_not_know_of_each_other(make: impl AsyncFnOnce(RateLimit) -> Limiter) {
    let limiter = make(per(HOUR, 2)).await;
    exhaust(&limiter, "a").await;
    for subject in ["b", "", "a ", "A", "{a}", "2001:db8::1", "übung 日本語"] {
        assert_eq!(limiter.take(subject).await.remaining, 1, "{subject}");
    }
}

pub async fn a_refusal_takes_nothing(make: impl AsyncFnOnce(RateLimit) -> Limiter) {
    let limiter = make(per(HOUR, 3)).await;
    let mut before = exhaust(&limiter, "a").await;
    for _ in 0..20 {
        let refusal = limiter.take("a").await;
        assert!(refusal.retry_after <= before.retry_after, "{before:?}, then {refusal:?}");
        assert!(refusal.reset_after <= before.reset_after, "{before:?}, then {refusal:?}");
        before = refusal;
    }
}

pub async fn the_allowance_comes_back_evenly(make: impl AsyncFnOnce(RateLimit) -> Limiter) {
    let share = Duration::from_secs(1);
    let limiter = make(per(10 * share, 10)).await;
    let begun = Instant::now();
    let refusal = exhaust(&limiter, "a").await;
    assert!(refusal.retry_after <= share, "{refusal:?}");
    sleep(refusal.retry_after).await;
    let decision = limiter.take("a").await;
    assert!(decision.allowed);
    // One for each share of the time that it took, and not all.
    let came_back = begun.elapsed().as_millis() / share.as_millis();
    assert!(u128::from(decision.remaining) <= came_back, "{decision:?}, {came_back} came back");
}

pub async fn the_whole_allowance_is_there_after_its_reset(
    make: impl AsyncFnOnce(RateLimit) -> Limiter,
) {
    let period = Duration::from_secs(2);
    let limiter = make(per(period, 5)).await;
    let refusal = exhaust(&limiter, "a").await;
    assert!(refusal.reset_after <= period, "{refusal:?}");
    sleep(refusal.reset_after).await;
    assert_eq!(limiter.take("a").await.remaining, 4);
}

pub async fn of_many_who_ask_at_once_no_more_go_on(make: impl AsyncFnOnce(RateLimit) -> Limiter) {
    let limiter = make(per(HOUR, 50)).await;
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.take("a").await })
        })
        .collect();
    let mut left = vec![];
    for asked in asking {
        let decision = asked.await.unwrap();
        if decision.allowed {
            left.push(decision.remaining);
        }
    }
    left.sort_unstable();
    assert_eq!(left, (0..50).collect::<Vec<_>>(), "each sees what the others took");
}
