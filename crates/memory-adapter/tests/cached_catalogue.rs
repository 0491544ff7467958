//! When a catalogue that remembers metrics knows of another one.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::sync::Arc;

use benchmark_domain::chrono::TimeDelta;
use benchmark_memory_adapter::{CachedCatalogue, MemoryStore};
use benchmark_port_contracts::StoppedClock;
use benchmark_port_contracts::fixtures::{a_metric, at};
use benchmark_ports::{AddMetric, Catalogue};

fn replicas() -> (Arc<StoppedClock>, [CachedCatalogue; 2]) {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(StoppedClock::at(at(0)));
    let replica = || CachedCatalogue::new(store.clone(), clock.clone());
    let replicas = [replica(), replica()];
    (clock, replicas)
}

async fn knows(catalogue: &CachedCatalogue, name: &str) -> bool {
    catalogue.metrics().await.unwrap().contains(&a_metric(name))
}

#[tokio::test]
async fn a_metric_is_known_at_once_where_it_is_added() {
    let (_, [here, _]) = replicas();
    assert!(!knows(&here, "ENERGY").await);
    assert_eq!(here.add_metric(&a_metric("ENERGY")).await.unwrap(), AddMetric::Added);
    assert!(knows(&here, "ENERGY").await);
}

#[tokio::test]
async fn a_metric_is_known_within_five_seconds_everywhere_else() {
    let (clock, [here, there]) = replicas();
    assert!(!knows(&there, "ENERGY").await);
    here.add_metric(&a_metric("ENERGY")).await.unwrap();
    clock.advance(TimeDelta::milliseconds(4_999));
    assert!(!knows(&there, "ENERGY").await, "it is remembered, not asked for");
    clock.advance(TimeDelta::milliseconds(1));
    assert!(knows(&there, "ENERGY").await);
}
