use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;

/// How often a subject may do something: so many times at once, and in the long
/// run so many times per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many times.
    pub requests: NonZeroU32,
    /// Per how long; at least a millisecond for each request.
    pub period: Duration,
}

/// What became of one request under a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateDecision {
    /// Whether it may go on.
    pub allowed: bool,
    /// How many more may go on at once after it.
    pub remaining: u32,
    /// How long until the next one may go on; zero while some remain.
    pub retry_after: Duration,
    /// How long until the whole limit is there again, if nothing is asked.
    pub reset_after: Duration,
}

/// Counts what subjects do against one limit, by the generic cell rate
/// algorithm (ITU-T I.371): the allowance comes back evenly, not at the turn of
/// a window.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// The limit.
    fn limit(&self) -> RateLimit;

    /// Takes one from a subject's allowance, if one is left. Subjects do not
    /// know of each other. However many ask at once, no more go on than the
    /// limit allows, among all processes that share the limiter. A failure of
    /// the limiter itself is no refusal.
    async fn take(&self, subject: &str) -> RateDecision;
}
