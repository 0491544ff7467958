use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A test's turn at the machine. One that asserts how long something takes has it
/// alone: whatever ran beside would be measured too.
pub(crate) struct Turn {
    _alone: Option<RwLockWriteGuard<'static, ()>>,
    _beside_others: Option<RwLockReadGuard<'static, ()>>,
}

static MACHINE: RwLock<()> = RwLock::new(());

impl Turn {
    /// Waits until no other test has a turn.
    pub(crate) fn alone() -> Self {
        let guard = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        Self { _alone: Some(guard), _beside_others: None }
    }

    /// Waits until no other test has the machine alone.
    pub(crate) fn beside_others() -> Self {
        let guard = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        Self { _alone: None, _beside_others: Some(guard) }
    }
}
