use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::hash::Hash;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Reads a thing once for all who ask for it at the same time.
///
/// Whoever asks while it is being read waits until that is done. Then one of those
/// who wait reads again, for all of them: what they get was read after each of them
/// had asked, and so has everything that was there when they did. Nothing is kept: who
/// asks while nobody else does reads.
///
/// Nobody waits for longer than two readings take, however many ask. A failure is told
/// to all who waited for it, so that where the store fails within some time, all are
/// told within that time.
pub(crate) struct Coalescing<K: Eq + Hash, T, E> {
    asked_for: Table<K, T, E>,
}

type Table<K, T, E> = Mutex<HashMap<K, Arc<Mutex<Readings<T, E>>>>>;

/// The readings of one thing, while somebody asks for it.
struct Readings<T, E> {
    /// How many began.
    begun: u64,
    /// Whether the one that began last goes on.
    goes_on: bool,
    /// What came of the one that ended last, and its number.
    last: Option<(u64, Result<T, E>)>,
    /// How many asked so far.
    asked: u64,
    /// How many of them still do. Changes under the lock of the table, so that of two
    /// who leave at once one is the last.
    asking: usize,
    /// Those of them who wait, by their numbers.
    waiting: BTreeMap<u64, Waker>,
}

impl<K: Clone + Eq + Hash, T: Clone, E: Clone> Coalescing<K, T, E> {
    /// What `read` reads, or what somebody else's call did.
    ///
    /// # Errors
    /// What `read` fails with, here or there.
    pub(crate) async fn read(
        &self,
        thing: &K,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let asker = self.asker(thing);
        match poll_fn(|context| asker.poll_turn(context)).await {
            Turn::Told(outcome) => outcome,
            Turn::Reads(turn) => turn.tell(read.await),
        }
    }

    fn asker<'a>(&'a self, thing: &'a K) -> Asker<'a, K, T, E> {
        let mut asked_for = lock(&self.asked_for);
        let readings = asked_for.entry(thing.clone()).or_default();
        let mut now = lock(readings);
        now.asked += 1;
        now.asking += 1;
        Asker {
            table: &self.asked_for,
            thing,
            readings: Arc::clone(readings),
            number: now.asked,
            begun: now.begun,
            ended: now.last.as_ref().map_or(0, |(number, _)| *number),
        }
    }
}

impl<K: Eq + Hash, T, E> Default for Coalescing<K, T, E> {
    fn default() -> Self {
        Self { asked_for: Mutex::default() }
    }
}

impl<T, E> Default for Readings<T, E> {
    fn default() -> Self {
        Self { begun: 0, goes_on: false, last: None, asked: 0, asking: 0, waiting: BTreeMap::new() }
    }
}

/// Somebody who asks.
struct Asker<'a, K: Eq + Hash, T, E> {
    table: &'a Table<K, T, E>,
    thing: &'a K,
    readings: Arc<Mutex<Readings<T, E>>>,
    number: u64,
    /// The reading that had begun last.
    begun: u64,
    /// The reading that had ended last.
    ended: u64,
}

/// What becomes of who asks.
enum Turn<'a, T, E> {
    /// Somebody else has read for him.
    Told(Result<T, E>),
    /// He reads, for all who wait.
    Reads(Reading<'a, T, E>),
}

impl<K: Eq + Hash, T: Clone, E: Clone> Asker<'_, K, T, E> {
    fn poll_turn(&self, context: &Context<'_>) -> Poll<Turn<'_, T, E>> {
        let mut now = lock(&self.readings);
        if let Some((number, outcome)) = &now.last {
            let before = if outcome.is_ok() { self.begun } else { self.ended };
            if *number > before {
                return Poll::Ready(Turn::Told(outcome.clone()));
            }
        }
        if now.goes_on {
            now.waiting.insert(self.number, context.waker().clone());
            return Poll::Pending;
        }
        now.goes_on = true;
        now.begun += 1;
        Poll::Ready(Turn::Reads(Reading { readings: &self.readings }))
    }
}

/// The last one who asks takes the readings along.
impl<K: Eq + Hash, T, E> Drop for Asker<'_, K, T, E> {
    fn drop(&mut self) {
        let mut asked_for = lock(self.table);
        let mut now = lock(&self.readings);
        now.waiting.remove(&self.number);
        now.asking -= 1;
        if now.asking == 0 {
            asked_for.remove(self.thing);
        }
    }
}

/// A reading that goes on until this is dropped.
struct Reading<'a, T, E> {
    readings: &'a Mutex<Readings<T, E>>,
}

impl<T: Clone, E: Clone> Reading<'_, T, E> {
    fn tell(self, outcome: Result<T, E>) -> Result<T, E> {
        let mut now = lock(self.readings);
        now.last = Some((now.begun, outcome.clone()));
        outcome
    }
}

/// Also where whoever reads goes away midway: the next one reads then.
impl<T, E> Drop for Reading<'_, T, E> {
    fn drop(&mut self) {
        let mut now = lock(self.readings);
        now.goes_on = false;
        let waiting = mem::take(&mut now.waiting);
        drop(now);
        waiting.into_values().for_each(Waker::wake);
    }
}

/// Nothing that is done under these locks can fail midway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    /// Something that is read one reading at a time, as it is let through.
    struct Thing {
        coalescing: Coalescing<&'static str, usize, &'static str>,
        readings: AtomicUsize,
        let_through: Semaphore,
        fails: bool,
    }

    impl Thing {
        fn new(fails: bool) -> Arc<Self> {
            Arc::new(Self {
                coalescing: Coalescing::default(),
                readings: AtomicUsize::new(0),
                let_through: Semaphore::new(0),
                fails,
            })
        }

        /// Somebody who asks, and waits by now.
        async fn ask(
            self: &Arc<Self>,
            name: &'static str,
        ) -> JoinHandle<Result<usize, &'static str>> {
            let this = Arc::clone(self);
            let asking = tokio::spawn(async move {
                let read = async {
                    let number = this.readings.fetch_add(1, Ordering::Relaxed) + 1;
                    this.let_through.acquire().await.unwrap().forget();
                    if this.fails { Err("it fails") } else { Ok(number) }
                };
                this.coalescing.read(&name, read).await
            });
            for _ in 0..10 {
                yield_now().await;
            }
            asking
        }

        fn is_forgotten(&self) -> bool {
            lock(&self.coalescing.asked_for).is_empty()
        }
    }

    #[tokio::test]
    async fn who_asks_meanwhile_gets_what_is_read_after_that_once() {
        let thing = Thing::new(false);
        let first = thing.ask("it").await;
        let mut meanwhile = Vec::new();
        for _ in 0..100 {
            meanwhile.push(thing.ask("it").await);
        }
        thing.let_through.add_permits(1);
        assert_eq!(first.await.unwrap(), Ok(1));
        // Who asks during the second reading waits for a third one.
        let late = thing.ask("it").await;
        thing.let_through.add_permits(1);
        for asking in meanwhile {
            assert_eq!(asking.await.unwrap(), Ok(2));
        }
        thing.let_through.add_permits(1);
        assert_eq!(late.await.unwrap(), Ok(3));
        assert!(thing.is_forgotten());
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_waited_and_to_nobody_later() {
        let thing = Thing::new(true);
        let (first, second) = (thing.ask("it").await, thing.ask("it").await);
        thing.let_through.add_permits(1);
        assert_eq!(first.await.unwrap(), Err("it fails"));
        assert_eq!(second.await.unwrap(), Err("it fails"));
        assert_eq!(thing.readings.load(Ordering::Relaxed), 1);
        let later = thing.ask("it").await;
        thing.let_through.add_permits(1);
        assert_eq!(later.await.unwrap(), Err("it fails"));
        assert_eq!(thing.readings.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn when_the_one_who_reads_goes_away_the_next_one_reads() {
        let thing = Thing::new(false);
        let (first, second) = (thing.ask("it").await, thing.ask("it").await);
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        thing.let_through.add_permits(1);
        assert_eq!(second.await.unwrap(), Ok(2));
        assert!(thing.is_forgotten());
    }

    #[test]
    fn of_two_who_leave_at_once_one_is_the_last() {
        let coalescing = Coalescing::<usize, (), ()>::default();
        let here = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for round in 1..=20_000 {
                        let asker = coalescing.asker(&round);
                        here.fetch_add(1, Ordering::AcqRel);
                        while here.load(Ordering::Acquire) < 2 * round {
                            std::thread::yield_now();
                        }
                        drop(asker);
                    }
                });
            }
        });
        assert!(lock(&coalescing.asked_for).is_empty());
    }

    #[tokio::test]
    async fn different_things_do_not_wait_for_each_other() {
        let thing = Thing::new(false);
        let (one, other) = (thing.ask("one").await, thing.ask("other").await);
        assert_eq!(thing.readings.load(Ordering::Relaxed), 2);
        thing.let_through.add_permits(2);
        assert!(one.await.unwrap().is_ok() && other.await.unwrap().is_ok());
        assert!(thing.is_forgotten());
    }
}
