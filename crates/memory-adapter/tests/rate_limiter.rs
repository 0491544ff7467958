//! The suite of rate limiters, over the one in the process.

use std::sync::Arc;
use std::time::Instant;

use benchmark_memory_adapter::MemoryRateLimiter;
use benchmark_port_contracts::fixtures::at;
use benchmark_port_contracts::rate_limiter_contract;
use benchmark_ports::{Clock, RateLimit, RateLimiter, Timestamp};

/// A clock that goes on.
struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        at(0) + self.0.elapsed()
    }
}

async fn limiter(limit: RateLimit) -> Arc<dyn RateLimiter> {
    Arc::new(MemoryRateLimiter::new(limit, Arc::new(Running(Instant::now()))))
}

rate_limiter_contract!(limiter);
