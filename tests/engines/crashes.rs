//! The service and its database, killed in the middle of recording.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use benchmark_test_servers::{PostgresOptions, PostgresServer};

use crate::engines::{Engines, wait_until};
use crate::service::{KEY, Service, a_run, agent};
use crate::turn::Turn;

/// How often each of the two is killed.
const KILLS: u64 = 25;

/// How many runs are sent at once: all of them are recorded or none.
const BATCH: usize = 5;

/// Batches that were sent, by number, and those that were acknowledged.
#[derive(Default)]
struct Sent {
    next: AtomicUsize,
    acknowledged: std::sync::Mutex<BTreeSet<usize>>,
}

impl Sent {
    /// Sends batches until told to stop.
    fn send_until(&self, stop: &AtomicBool, url: &str) {
        let agent = agent();
        while !stop.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let run = |at| a_run(&format!("batch-{number}-{at}"), 0.3);
            let body = serde_json::to_vec(&(0..BATCH).map(run).collect::<Vec<_>>()).unwrap();
            let request = agent.post(format!("{url}/api/v1/runs")).header("X-API-Key", KEY);
            let answer = request.header("Content-Type", "application/json").send(&body);
            if answer.is_ok_and(|answer| answer.status() == 201) {
                self.acknowledged.lock().unwrap().insert(number);
            }
        }
    }

    /// Sends batches from two clients, and meanwhile kills.
    fn send_while(&self, service: &Service, kill: impl FnOnce()) {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| self.send_until(&stop, &service.url));
            }
            kill();
            stop.store(true, Ordering::Relaxed);
        });
    }
}

/// A time that differs from kill to kill, in which some batches are recorded.
fn a_while(number: u64) -> Duration {
    Duration::from_millis(20 + number * 37 % 90)
}

#[test]
fn no_run_is_half_stored_and_none_that_was_acknowledged_is_lost() {
    let durable = PostgresOptions { durable: true, ..PostgresOptions::default() };
    let mut engines = Engines::of(Turn::alone(), PostgresServer::start_with(durable), None);
    let sent = Sent::default();
    for number in 0..KILLS {
        let service = engines.service(&[]);
        sent.send_while(&service, || {
            std::thread::sleep(a_while(number));
            service.signal("KILL");
        });
    }
    let service = engines.service(&[]);
    for number in 0..KILLS {
        let Engines { postgres, .. } = &mut engines;
        sent.send_while(&service, || {
            std::thread::sleep(a_while(number));
            postgres.kill();
        });
        postgres.restart();
        wait_until("it records again", Duration::from_secs(20), || {
            service.post_run(&a_run("a sign of life", 0.5)).status < 400
        });
    }

    let stored = engines.postgres.sql("SELECT name FROM llms WHERE name LIKE 'batch-%'");
    let mut batches = BTreeMap::<usize, usize>::new();
    for name in stored.lines() {
        let number = name.trim().split('-').nth(1).unwrap().parse().unwrap();
        *batches.entry(number).or_default() += 1;
    }
    let half = "SELECT count(*) FROM runs WHERE NOT EXISTS \
                (SELECT FROM run_metrics WHERE run_metrics.run_id = runs.id)";
    assert_eq!(engines.postgres.sql(half).trim(), "0");
    assert!(batches.values().all(|runs| *runs == BATCH), "{batches:?}");
    let acknowledged = sent.acknowledged.into_inner().unwrap();
    let lost: Vec<_> = acknowledged.iter().filter(|n| !batches.contains_key(n)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let sent = sent.next.into_inner();
    println!("{sent} sent, {} stored, {} acknowledged", batches.len(), acknowledged.len());
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
}
