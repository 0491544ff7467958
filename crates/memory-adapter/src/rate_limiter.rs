use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use benchmark_ports::{Clock, RateDecision, RateLimit, RateLimiter};

/// Counts in the process, for a bounded number of subjects.
///
/// By hand, since `governor` does not tell when an allowance is whole again.
pub struct MemoryRateLimiter {
    limit: RateLimit,
    /// In how many microseconds one comes back.
    interval: i64,
    clock: Arc<dyn Clock>,
    subjects: Mutex<Subjects>,
}

impl MemoryRateLimiter {
    /// A period of a century is for ever.
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

    /// A limiter of this limit.
    pub fn new(limit: RateLimit, clock: Arc<dyn Clock>) -> Self {
        // Rounded up, so that no more than the limit come back.
        let period = limit.period.min(Self::LONGEST).as_micros() as i64;
        let requests = i64::from(limit.requests.get());
        let interval = ((period + requests - 1) / requests).max(1);
        Self { limit, interval, clock, subjects: Mutex::default() }
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    fn limit(&self) -> RateLimit {
        self.limit
    }

    async fn take(&self, subject: &str) -> RateDecision {
        let now = self.clock.now().timestamp_micros();
        let whole = self.interval * i64::from(self.limit.requests.get());
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_at = subjects.whole_at(subject).unwrap_or(now);
        // Further ahead than the whole: the clock was set back.
        let mut ahead = (whole_at - now).clamp(0, whole);
        let allowed = ahead + self.interval <= whole;
        if allowed {
            ahead += self.interval;
        }
        if allowed || whole_at > now + whole {
            subjects.set_whole_at(subject, now + ahead, now);
        }
        let micros = |time: i64| Duration::from_micros(time.max(0).unsigned_abs());
        RateDecision {
            allowed,
            remaining: u32::try_from((whole - ahead) / self.interval).unwrap_or(u32::MAX),
            retry_after: micros(ahead + self.interval - whole),
            reset_after: micros(ahead),
        }
    }
}

/// When, in microseconds, the whole allowance of each subject is there again.
/// Who is not listed has it.
#[derive(Debug, Default)]
struct Subjects(HashMap<Box<str>, i64>);

impl Subjects {
    /// How many are listed at most, in some megabytes.
    const CAPACITY: usize = 1 << 16;

    fn whole_at(&self, subject: &str) -> Option<i64> {
        self.0.get(subject).copied()
    }

    fn set_whole_at(&mut self, subject: &str, at: i64, now: i64) {
        if let Some(listed) = self.0.get_mut(subject) {
            *listed = at;
            return;
        }
        if self.0.len() >= Self::CAPACITY {
            self.make_room(now);
        }
        self.0.insert(subject.into(), at);
    }

    /// Drops those who have their whole allowance; if that is too few to be
    /// worth the pass, also the half who are the nearest to it.
    fn make_room(&mut self, now: i64) {
        self.0.retain(|_, at| *at > now);
        if self.0.len() > Self::CAPACITY / 4 * 3 {
            let mut moments: Vec<_> = self.0.values().copied().collect();
            let middle = moments.len() / 2;
            let (_, &mut median, _) = moments.select_nth_unstable(middle);
            self.0.retain(|_, at| *at > median);
        }
    }
}

#[cfg(test)]
mod tests {
    use benchmark_domain::chrono::TimeDelta;
    use benchmark_port_contracts::StoppedClock;
    use benchmark_port_contracts::fixtures::at;

    use super::*;

    fn limiter(requests: u32, period: Duration) -> (MemoryRateLimiter, Arc<StoppedClock>) {
        let clock = Arc::new(StoppedClock::at(at(0)));
        let limit = RateLimit { requests: requests.try_into().unwrap(), period };
        (MemoryRateLimiter::new(limit, clock.clone()), clock)
    }

    fn listed(limiter: &MemoryRateLimiter) -> usize {
        limiter.subjects.lock().unwrap().0.len()
    }

    #[tokio::test]
    async fn one_comes_back_each_share_of_the_period_and_not_before() {
        let (limiter, clock) = limiter(3, Duration::from_secs(3));
        for _ in 0..3 {
            assert!(limiter.take("a").await.allowed);
        }
        for _ in 0..10 {
            clock.advance(TimeDelta::microseconds(999_999));
            assert_eq!(limiter.take("a").await.retry_after, Duration::from_micros(1));
            clock.advance(TimeDelta::microseconds(1));
            assert!(limiter.take("a").await.allowed);
            assert!(!limiter.take("a").await.allowed);
        }
    }

    #[tokio::test]
    async fn in_the_long_run_no_more_than_the_limit_go_on() {
        // A share that is no whole number of microseconds.
        let (limiter, clock) = limiter(7, Duration::from_secs(1));
        let mut allowed = 0;
        for _ in 0..100_000 {
            allowed += u32::from(limiter.take("a").await.allowed);
            clock.advance(TimeDelta::milliseconds(1));
        }
        assert!((7 * 100..=7 * 100 + 7).contains(&allowed), "{allowed}");
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_refuses_nobody_for_longer_than_the_period() {
        let (limiter, clock) = limiter(2, Duration::from_secs(2));
        for _ in 0..2 {
            limiter.take("a").await;
        }
        clock.advance(TimeDelta::hours(-1));
        let refusal = limiter.take("a").await;
        assert_eq!(refusal.retry_after, Duration::from_secs(1));
        clock.advance(TimeDelta::seconds(1));
        assert!(limiter.take("a").await.allowed, "what was told holds");
    }

    #[tokio::test]
    async fn subjects_are_not_remembered_without_bound() {
        let (limiter, clock) = limiter(2, Duration::from_secs(60));
        for _ in 0..2 {
            limiter.take("busy").await;
        }
        for i in 0..3 * Subjects::CAPACITY {
            limiter.take(&i.to_string()).await;
        }
        assert!(listed(&limiter) <= Subjects::CAPACITY);
        assert!(!limiter.take("busy").await.allowed, "who is the nearest to the limit is kept");
        clock.advance(TimeDelta::seconds(60));
        for i in 0..Subjects::CAPACITY {
            limiter.take(&i.to_string()).await;
        }
        assert!(listed(&limiter) <= Subjects::CAPACITY);
        assert_eq!(limiter.take("busy").await.remaining, 1);
    }
}
