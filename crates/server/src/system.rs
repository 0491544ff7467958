//! The real clock and the real randomness.

use benchmark_ports::{Clock, Randomness, Timestamp};
use chrono::SubsecRound;

/// The system's clock, to the microsecond: what every store keeps.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock behind the port")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now().trunc_subsecs(6)
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
