//! The real clock and the real randomness.

use benchmark_ports::{Clock, Randomness, Timestamp};

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock behind the port")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }
}

/// The operating system's source of randomness.
pub(crate) struct OsRandomness;

impl Randomness for OsRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no key is safe: there is nothing sensible to go on with.
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}
