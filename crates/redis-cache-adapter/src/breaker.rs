use std::sync::atomic::{AtomicU32, Ordering};

/// Counts for a connection whether so much fails that it is given up.
///
/// Failures are forgotten slowly, not at the next success: in a Cluster with a
/// master down, most commands succeed, and each that does not is a wait.
#[derive(Debug, Default)]
pub(crate) struct Breaker(AtomicU32);

impl Breaker {
    /// What one failure weighs, in successes that make up for it: one in ten
    /// may fail.
    const FAILURE: u32 = 10;

    /// Three failures in a row are too many.
    const LIMIT: u32 = 3 * Self::FAILURE;

    /// Takes note of a success.
    pub(crate) fn succeeded(&self) {
        // Nearly always it is zero, and writing would only cost.
        if self.0.load(Ordering::Relaxed) > 0 {
            _ = self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        }
    }

    /// Takes note of a failure, and tells whether it is one too many.
    pub(crate) fn failed(&self) -> bool {
        self.0.fetch_add(Self::FAILURE, Ordering::Relaxed) + Self::FAILURE >= Self::LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_failure_in_a_row_is_too_many() {
        let breaker = Breaker::default();
        assert!(!breaker.failed());
        assert!(!breaker.failed());
        assert!(breaker.failed());
    }

    #[test]
    fn a_rare_failure_is_made_up_for() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            assert!(!breaker.failed());
            (0..20).for_each(|_| breaker.succeeded());
        }
    }

    #[test]
    fn one_failure_in_three_is_too_many() {
        let breaker = Breaker::default();
        let failures = (0..100).take_while(|_| {
            breaker.succeeded();
            breaker.succeeded();
            !breaker.failed()
        });
        assert!(failures.count() < 5);
    }
}
