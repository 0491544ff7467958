use std::sync::{Mutex, MutexGuard, PoisonError};

/// A position in the write-ahead log, in bytes from its beginning.
pub(crate) type Position = i64;

/// How far a replica must have replayed before it is read, so that a process
/// sees what it wrote.
#[derive(Debug, Default)]
pub(crate) struct Fence(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    position: Position,
    /// How many writes ended at a position that nobody told.
    unplaced: u64,
    /// How many of them are behind `position`.
    placed: u64,
}

impl Fence {
    /// A write ended before `position`.
    pub(crate) fn advance(&self, position: Position) {
        let mut state = self.state();
        state.position = state.position.max(position);
    }

    /// A write ended somewhere. No replica is read until a later
    /// [position](Self::place) is known.
    pub(crate) fn close(&self) {
        self.state().unplaced += 1;
    }

    /// Where it is.
    pub(crate) fn position(&self) -> Position {
        self.state().position
    }

    /// The log had not come to `position` after a write that ended there: another
    /// server goes on with it, who lacks that write. No replica is read until a
    /// later [position](Self::place) is known, which may lie before this one.
    pub(crate) fn void(&self, position: Position) {
        let mut state = self.state();
        if state.position == position {
            state.position = Position::MIN;
            state.unplaced += 1;
        }
    }

    /// How many writes have ended somewhere.
    pub(crate) fn unplaced(&self) -> u64 {
        self.state().unplaced
    }

    /// The log had come to `position` after so many [unplaced](Self::unplaced)
    /// writes.
    pub(crate) fn place(&self, unplaced: u64, position: Position) {
        let mut state = self.state();
        if unplaced > state.placed {
            state.placed = unplaced;
            state.position = state.position.max(position);
        }
    }

    /// Whether who has replayed so far has everything.
    pub(crate) fn is_passed_by(&self, replayed: Position) -> bool {
        let state = self.state();
        state.placed == state.unplaced && replayed >= state.position
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_replayed_the_last_write_may_be_read() {
        let fence = Fence::default();
        assert!(fence.is_passed_by(0));
        fence.advance(10);
        fence.advance(5);
        assert!(!fence.is_passed_by(9));
        assert!(fence.is_passed_by(10));
    }

    #[test]
    fn a_write_whose_end_is_unknown_closes_the_fence_until_a_later_position_is_known() {
        let fence = Fence::default();
        let before = fence.unplaced();
        fence.close();
        fence.place(before, 20);
        assert!(!fence.is_passed_by(i64::MAX), "that position was before the write");
        fence.place(fence.unplaced(), 30);
        assert!(!fence.is_passed_by(29));
        assert!(fence.is_passed_by(30));
    }

    #[test]
    fn a_log_that_lost_its_end_is_followed_from_where_it_goes_on() {
        let fence = Fence::default();
        fence.advance(100);
        fence.void(90);
        assert!(!fence.is_passed_by(99), "it is somewhere else");
        fence.void(100);
        assert!(!fence.is_passed_by(Position::MAX), "nobody knows where it goes on");
        // A write on the new primary, before its position is asked for.
        fence.advance(60);
        fence.place(fence.unplaced(), 50);
        assert!(!fence.is_passed_by(59));
        assert!(fence.is_passed_by(60));
    }
}
