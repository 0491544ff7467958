use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Loads under way: whoever asks for the same at the same time shares one.
///
/// If a load fails or whoever runs it goes away, the next one who waits loads
/// instead.
pub(crate) struct Flights<K, V> {
    under_way: Mutex<HashMap<K, Arc<Flight<V>>>>,
    landed: AtomicU64,
}

type Flight<V> = tokio::sync::Mutex<Option<V>>;

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    pub(crate) fn new() -> Self {
        Self { under_way: Mutex::default(), landed: AtomicU64::new(0) }
    }

    /// How many loads have succeeded so far, of whatever.
    pub(crate) fn landed(&self) -> u64 {
        self.landed.load(Ordering::Acquire)
    }

    /// What `load` makes, or what somebody else's does who was before.
    pub(crate) async fn join<E>(
        &self,
        key: K,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let seat = Seat::take(self, key);
        let mut landed = seat.flight.lock().await;
        if let Some(value) = &*landed {
            return Ok(value.clone());
        }
        let value = load.await?;
        *landed = Some(value.clone());
        // Whoever asks from now on is too late for this one.
        self.landed.fetch_add(1, Ordering::AcqRel);
        self.under_way().remove(&seat.key);
        Ok(value)
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<K, Arc<Flight<V>>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place on a flight. The last one who leaves a flight that never landed takes
/// it off the list.
struct Seat<'a, K: Eq + Hash + Clone, V: Clone> {
    flights: &'a Flights<K, V>,
    key: K,
    flight: Arc<Flight<V>>,
}

impl<'a, K: Eq + Hash + Clone, V: Clone> Seat<'a, K, V> {
    fn take(flights: &'a Flights<K, V>, key: K) -> Self {
        let flight = flights.under_way().entry(key.clone()).or_default().clone();
        Self { flights, key, flight }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way();
        // Left under the lock, so that of two who leave at once one is the last.
        let flight = std::mem::take(&mut self.flight);
        if let Some(listed) = under_way.get(&self.key)
            && Arc::ptr_eq(listed, &flight)
            && Arc::strong_count(listed) == 2
        {
            under_way.remove(&self.key);
        }
        drop(flight);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn nothing_stays_behind_a_load_that_succeeded_failed_or_was_abandoned() {
        let flights = Flights::<u8, u8>::new();
        assert_eq!(flights.join(1, ready(Ok::<_, ()>(7))).await, Ok(7));
        assert_eq!(flights.join(1, ready(Err(()))).await, Err(()));
        let mut abandoned = Box::pin(flights.join(1, pending::<Result<u8, ()>>()));
        assert!((&mut abandoned).now_or_never().is_none());
        let mut waiting = Box::pin(flights.join(1, pending::<Result<u8, ()>>()));
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!(flights.under_way().len(), 1);
        drop(abandoned);
        assert_eq!(flights.under_way().len(), 1);
        drop(waiting);
        assert!(flights.under_way().is_empty());
        assert_eq!(flights.landed(), 1);
    }

    #[tokio::test]
    async fn who_waits_gets_what_was_loaded() {
        let flights = Flights::<u8, u8>::new();
        let (finish, loaded) = tokio::sync::oneshot::channel();
        let mut first = Box::pin(flights.join(1, async { Ok::<_, ()>(loaded.await.unwrap()) }));
        assert!((&mut first).now_or_never().is_none());
        let mut second = Box::pin(flights.join(1, ready(Ok::<_, ()>(8))));
        assert!((&mut second).now_or_never().is_none());
        finish.send(7).unwrap();
        assert_eq!(first.await, Ok(7));
        assert_eq!(second.await, Ok(7));
        assert_eq!(flights.join(1, ready(Ok::<_, ()>(8))).await, Ok(8));
    }
}
