//! The real clock and the real randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use benchmark_ports::{Clock, Randomness, Timestamp};
use chrono::SubsecRound;

/// The system's clock, to the microsecond: what every store keeps.
pub(crate) struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the clock behind the port")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        chrono::Utc::now().trunc_subsecs(6)
    }

    fn unix_micros(&self) -> i64 {
        // A clock before 1970 is not set at all.
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since_1970.as_micros() as i64
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
