use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A while for which something that was unavailable is left alone.
#[derive(Debug)]
pub(crate) struct Respite {
    /// Microseconds since 1970.
    began_at: AtomicI64,
}

impl Respite {
    pub(crate) const LENGTH: Duration = Duration::from_secs(1);

    /// One that has not begun.
    pub(crate) const fn none() -> Self {
        Self { began_at: AtomicI64::new(i64::MIN) }
    }

    /// Begins it anew.
    pub(crate) fn begin(&self, now: i64) {
        self.began_at.store(now, Ordering::Relaxed);
    }

    /// Whether it lasts. One that is yet to come does not: the clock was set back.
    pub(crate) fn lasts(&self, now: i64) -> bool {
        let began_at = self.began_at.load(Ordering::Relaxed);
        (began_at..began_at.saturating_add(Self::LENGTH.as_micros() as i64)).contains(&now)
    }
}
