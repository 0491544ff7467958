use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::Object;
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::fence::{Fence, Position};
use crate::log::Log;
use crate::pool::Pool;
use crate::servers::Server;

/// The streaming replicas, and which of them may be read.
///
/// A replica may be read while it is near enough to the primary and has replayed
/// what this process wrote. Both are looked at every [`TICK`](Self::TICK), never
/// for a single call.
pub(crate) struct Replicas {
    all: Vec<Replica>,
    next: AtomicUsize,
    fence: Fence,
    max_lag: Duration,
}

/// One replica.
pub(crate) struct Replica {
    pub(crate) server: Server,
    is_near: AtomicBool,
    replayed: AtomicI64,
}

impl Replica {
    /// One of which nothing is known yet.
    pub(crate) fn new(server: Server) -> Self {
        Self { server, is_near: AtomicBool::new(false), replayed: AtomicI64::new(0) }
    }

    /// Keeps it from being read until it is looked at again.
    pub(crate) fn avoid(&self) {
        self.is_near.store(false, Ordering::Relaxed);
    }
}

impl Replicas {
    /// How often the replicas are looked at.
    const TICK: Duration = Duration::from_millis(500);

    /// For how long a server may take to say where it is.
    const ANSWER: Duration = Duration::from_millis(400);

    pub(crate) fn new(all: Vec<Replica>, max_lag: Duration) -> Self {
        Self { all, next: AtomicUsize::new(0), fence: Fence::default(), max_lag }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What this process has written.
    pub(crate) fn fence(&self) -> &Fence {
        &self.fence
    }

    /// The connections to all of them.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.all.iter().map(|replica| &replica.server.pool)
    }

    /// The replica whose turn it is, if one may be read.
    pub(crate) fn pick(&self) -> Option<&Replica> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut in_turn =
            (0..self.all.len()).map(|i| &self.all[first.wrapping_add(i) % self.all.len()]);
        in_turn.find(|replica| self.may_read(replica))
    }

    /// Those that may be read.
    pub(crate) fn readable(&self) -> impl Iterator<Item = &Replica> {
        self.all.iter().filter(|replica| self.may_read(replica))
    }

    fn may_read(&self, replica: &Replica) -> bool {
        replica.is_near.load(Ordering::Relaxed)
            && self.fence.is_passed_by(replica.replayed.load(Ordering::Acquire))
    }

    /// Looks at the replicas for as long as it is polled. `primary` is the
    /// connection that watches over the primary.
    pub(crate) async fn watch(self: Arc<Self>, primary: Pool) {
        let mut ticks = interval(Self::TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut marks = Marks::default();
        loop {
            ticks.tick().await;
            let (unplaced, fenced) = (self.fence.unplaced(), self.fence.position());
            let now = Instant::now();
            let written = log(&primary).await;
            if let Some(Log { position, .. }) = written {
                if position < fenced {
                    self.fence.void(fenced);
                }
                self.fence.place(unplaced, position);
                marks.add(now, position, self.max_lag);
            }
            join_all(
                self.all.iter().map(|replica| self.look_at(replica, written.is_some(), &marks)),
            )
            .await;
        }
    }

    async fn look_at(&self, replica: &Replica, has_primary: bool, marks: &Marks) {
        let asked = Instant::now();
        let Some(Log { position, is_drained }) = log(&replica.server.watch).await else {
            return replica.avoid();
        };
        // Nobody knows of anything that a replica could lack while the primary
        // is gone: it then is better than nothing.
        let is_near = match marks.passed_by(position) {
            _ if !has_primary => is_drained,
            Some(passed) => asked.saturating_duration_since(passed) <= self.max_lag,
            None => false,
        };
        replica.replayed.store(position, Ordering::Release);
        replica.is_near.store(is_near, Ordering::Relaxed);
    }
}

/// Where the primary's log was when.
#[derive(Default)]
struct Marks(VecDeque<(Instant, Position)>);

impl Marks {
    /// Adds the newest; forgets those that are too old to matter.
    fn add(&mut self, at: Instant, position: Position, max_age: Duration) {
        self.0.push_back((at, position));
        while self.0.front().is_some_and(|(then, _)| at.duration_since(*then) > max_age) {
            self.0.pop_front();
        }
    }

    /// The last moment at which the primary was no farther.
    fn passed_by(&self, position: Position) -> Option<Instant> {
        self.0.iter().rev().find(|(_, mark)| *mark <= position).map(|(at, _)| *at)
    }
}

/// Where a server's log is; `None` if it does not say.
async fn log(server: &Pool) -> Option<Log> {
    let mut connection = server.get().await.ok()?;
    match timeout(Replicas::ANSWER, Log::of(&mut connection, server.session())).await {
        Ok(Ok(log)) => log,
        Ok(Err(_)) | Err(_) => {
            drop(Object::take(connection));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_passed_the_last_mark_that_it_has_replayed() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut marks = Marks::default();
        for (seconds, position) in [(0, 10), (1, 20), (2, 20), (3, 30)] {
            marks.add(after(seconds), position, Duration::from_secs(2));
        }
        assert_eq!(marks.passed_by(30), Some(after(3)));
        // An idle primary does not make a replica lag.
        assert_eq!(marks.passed_by(29), Some(after(2)));
        assert_eq!(marks.passed_by(20), Some(after(2)));
        assert_eq!(marks.passed_by(19), None, "that is too long ago to matter");
    }
}
