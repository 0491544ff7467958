use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use benchmark_ports::Clock;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Equivalent, OptionsBuilder, Weighter};

/// Keeps values for a while, within a bounded weight, and loads each once
/// however many ask for it.
pub(crate) struct ExpiringCache<K, V> {
    cache: Cache<K, Expiring<V>, Weight<K, V>>,
    ttl_micros: i64,
    clock: Arc<dyn Clock>,
}

/// A value that was just loaded.
pub(crate) enum Fresh<V> {
    /// May be kept.
    Keep(V),
    /// Is only for those who asked while it was loaded.
    Share(V),
}

#[derive(Clone)]
struct Expiring<V> {
    value: V,
    /// Microseconds since 1970.
    expires_at: i64,
}

impl<K: Eq + Hash + Clone, V: Clone> ExpiringCache<K, V> {
    /// A cache of values that each live for `ttl`, at most `capacity` by
    /// `weight` together, at a guess `items` of them.
    pub(crate) fn new(
        items: usize,
        capacity: u64,
        weight: fn(&K, &V) -> u64,
        ttl: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // One shard: a value may then be as heavy as the whole cache, and the
        // requests of a busy server are for one and the same value anyway.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(items)
            .weight_capacity(capacity)
            .build()
            .expect("every required option is given");
        let cache = Cache::with_options(
            options,
            Weight(weight),
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        let ttl_micros = i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX);
        Self { cache, ttl_micros, clock }
    }

    /// The value, if it is there and has not expired.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let found = self.cache.get(key)?;
        self.holds(&found, self.clock.unix_micros()).then_some(found.value)
    }

    /// Whether a value has not expired, nor is from a time that is yet to come: after
    /// a clock was set back it would live for longer than was said.
    fn holds(&self, found: &Expiring<V>, now: i64) -> bool {
        (found.expires_at.saturating_sub(self.ttl_micros)..found.expires_at).contains(&now)
    }

    /// The value, which `load` makes unless it is there already or somebody
    /// else is making it.
    pub(crate) async fn get_or_load<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<Fresh<V>, E>>,
    ) -> Result<V, E> {
        let asked_at = self.clock.unix_micros();
        self.cache.remove_if(key, |found| !self.holds(found, asked_at));
        let guard = match self.cache.get_value_or_guard_async(key).await {
            Ok(found) => return Ok(found.value),
            Err(guard) => guard,
        };
        // What may not be kept reaches those who wait for it and has expired
        // for everybody else.
        let (value, expires_at) = match load.await? {
            Fresh::Keep(value) => (value, asked_at.saturating_add(self.ttl_micros)),
            Fresh::Share(value) => (value, asked_at),
        };
        // The cache refuses what is heavier than all of it, which is no failure.
        _ = guard.insert(Expiring { value: value.clone(), expires_at });
        Ok(value)
    }

    /// Keeps a value from now on.
    pub(crate) fn put(&self, key: K, value: V) {
        let expires_at = self.clock.unix_micros().saturating_add(self.ttl_micros);
        self.cache.insert(key, Expiring { value, expires_at });
    }

    /// Drops a value.
    pub(crate) fn remove(&self, key: &K) {
        self.cache.remove(key);
    }
}

#[derive(Clone)]
struct Weight<K, V>(fn(&K, &V) -> u64);

impl<K, V> Weighter<K, Expiring<V>> for Weight<K, V> {
    fn weight(&self, key: &K, found: &Expiring<V>) -> u64 {
        self.0(key, &found.value)
    }
}
