//! What `InvalidationBus` promises. A case is given two ends of one bus, as two
//! processes have them.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{ForgetRankings, InvalidationBus};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::fixtures::slug;

type Bus = Arc<dyn InvalidationBus>;

/// What a listener's cache was told to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// One workload.
    Workload(WorkloadSlug),
    /// Everything.
    Everything,
}

/// Listens to a bus with a cache that only tells what it was told to forget.
#[derive(Debug)]
pub struct Listener {
    forgotten: UnboundedReceiver<Forgotten>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Listens until dropped.
    pub fn of(bus: &Bus) -> Self {
        let (sender, forgotten) = unbounded_channel();
        let bus = bus.clone();
        let task = tokio::spawn(async move { bus.listen(&Telltale(sender)).await });
        Self { forgotten, task }
    }

    /// Listens, and waits until it has begun.
    pub async fn begun(bus: &Bus) -> Self {
        let mut listener = Self::of(bus);
        assert_eq!(listener.next().await, Forgotten::Everything);
        listener
    }

    /// What is forgotten next.
    ///
    /// # Panics
    /// If nothing is within ten seconds.
    pub async fn next(&mut self) -> Forgotten {
        let next = timeout(Duration::from_secs(10), self.forgotten.recv()).await;
        next.expect("something is forgotten").expect("the listener goes on")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Telltale(UnboundedSender<Forgotten>);

#[async_trait]
impl ForgetRankings for Telltale {
    async fn forget(&self, workload: &WorkloadSlug) {
        _ = self.0.send(Forgotten::Workload(workload.clone()));
    }

    async fn forget_everything(&self) {
        _ = self.0.send(Forgotten::Everything);
    }
}

pub async fn who_begins_to_listen_forgets_everything(one: Bus, _: Bus) {
    assert_eq!(Listener::of(&one).next().await, Forgotten::Everything);
}

pub async fn an_announcement_reaches_every_process_within_a_second(one: Bus, other: Bus) {
    let mut listeners = [Listener::begun(&one).await, Listener::begun(&other).await];
    for bus in [&one, &other] {
        let announced = Instant::now();
        bus.announce(&slug("w")).await.unwrap();
        for listener in &mut listeners {
            assert_eq!(listener.next().await, Forgotten::Workload(slug("w")));
        }
        assert!(announced.elapsed() < Duration::from_secs(1), "{:?}", announced.elapsed());
    }
}

pub async fn an_announcement_is_about_its_workload_alone(one: Bus, other: Bus) {
    let mut listener = Listener::begun(&other).await;
    for workload in ["default", "chat-550in-150out-c5", "w"] {
        one.announce(&slug(workload)).await.unwrap();
        assert_eq!(listener.next().await, Forgotten::Workload(slug(workload)));
    }
}

pub async fn of_many_announcements_none_is_lost(one: Bus, other: Bus) {
    let mut listener = Listener::begun(&other).await;
    let workloads: Vec<_> = (0..500).map(|i| slug(&format!("w{i}"))).collect();
    for workload in &workloads {
        one.announce(workload).await.unwrap();
    }
    for workload in workloads {
        match listener.next().await {
            Forgotten::Workload(heard) => assert_eq!(heard, workload),
            Forgotten::Everything => return,
        }
    }
}

pub async fn nobody_needs_to_listen(one: Bus, _: Bus) {
    one.announce(&slug("w")).await.unwrap();
}

pub async fn who_listens_again_forgets_everything(one: Bus, other: Bus) {
    drop(Listener::begun(&other).await);
    one.announce(&slug("missed")).await.unwrap();
    let mut again = Listener::begun(&other).await;
    one.announce(&slug("heard")).await.unwrap();
    assert_eq!(again.next().await, Forgotten::Workload(slug("heard")));
}
