//! One request sent many times is one request.

use std::collections::BTreeMap;
use std::sync::Barrier;

use crate::engines::Engines;
use crate::service::{Service, a_run};
use crate::turn::Turn;

fn send(service: &Service, key: &str, llm: &str) -> (u16, String) {
    let body = serde_json::to_vec(&a_run(llm, 0.3)).unwrap();
    let answer = service.post("application/json", &body, &[("Idempotency-Key", key)]);
    (answer.status, answer.header("idempotent-replayed").to_owned())
}

fn a_hundred_at_once_are_one(service: &Service) {
    let begin = Barrier::new(100);
    let mut told = BTreeMap::<_, usize>::new();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..100)
            .map(|_| {
                scope.spawn(|| {
                    begin.wait();
                    send(service, "one-key", "once")
                })
            })
            .collect();
        for client in clients {
            *told.entry(client.join().unwrap()).or_default() += 1;
        }
    });
    let expected = [((201, String::new()), 1), ((201, "true".to_owned()), 99)];
    assert_eq!(told, expected.into());
    assert_eq!(service.get("/api/v1/runs").data().as_array().unwrap().len(), 1);
    assert_eq!(send(service, "one-key", "another").0, 422);
}

#[test]
fn on_postgres_a_hundred_at_once_are_one_also_after_a_restart() {
    let engines = Engines::without_redis(Turn::beside_others());
    let service = engines.service(&[]);
    a_hundred_at_once_are_one(&service);
    drop(service.kill());
    let service = engines.service(&[]);
    assert_eq!(send(&service, "one-key", "once"), (201, "true".to_owned()));
}

#[test]
fn on_sqlite_a_hundred_at_once_are_one_also_after_a_restart() {
    let _turn = Turn::beside_others();
    let service = Service::empty();
    a_hundred_at_once_are_one(&service);
    let service = Service::start(service.kill(), |_| {});
    assert_eq!(send(&service, "one-key", "once"), (201, "true".to_owned()));
}
