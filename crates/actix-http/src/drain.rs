//! Whether the server is about to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that turns once: from then on the service reports itself not ready
/// and asks its callers to open no more requests on their connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drain(Arc<AtomicBool>);

impl Drain {
    /// Turns the flag.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was turned.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
