//! However many ask for what nobody has, it is loaded once.

use std::sync::Barrier;
use std::time::Duration;

use crate::engines::{Engines, metric, wait_until};
use crate::service::{KEY, Service, agent};
use crate::turn::Turn;

/// How often entries were read to answer, which the table of them is read for and
/// for nothing else.
fn queries(engines: &Engines) -> usize {
    let calls = engines.postgres.sql(
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements \
         WHERE query LIKE 'SELECT % JOIN benchmark %'",
    );
    calls.trim().parse().unwrap()
}

fn ask(service: &Service, limit: usize) {
    let url = format!("{}/api/v1/benchmark/TTFT?limit={limit}", service.url);
    let answer = agent().get(url).header("X-API-Key", KEY).call().unwrap();
    assert_eq!(answer.status(), 200);
}

#[test]
fn five_hundred_at_once_for_a_cold_ranking_are_one_query_per_replica() {
    let engines = Engines::counting(Turn::beside_others());
    let vars = [("CACHE_EXPIRATION", "3600")];
    let services = [engines.service_with_runs(&vars), engines.service(&vars)];
    engines.postgres.sql("SELECT pg_stat_statements_reset()");
    let clients = 500;
    let begin = Barrier::new(clients);
    std::thread::scope(|scope| {
        for number in 0..clients {
            let (begin, service) = (&begin, &services[number % 2]);
            let client = std::thread::Builder::new().stack_size(256 << 10);
            let ask = move || {
                begin.wait();
                ask(service, 9);
            };
            client.spawn_scoped(scope, ask).unwrap();
        }
    });
    let calls = queries(&engines);
    println!("{calls} queries for {clients} clients");
    assert!((1..=services.len()).contains(&calls), "{calls} queries");
}

#[test]
fn whatever_part_of_a_ranking_is_asked_for_meanwhile_is_one_query_more() {
    let engines = Engines::counting(Turn::beside_others());
    let service = engines.service_with_runs(&[("CACHE_EXPIRATION", "0")]);
    engines.postgres.sql("SELECT pg_stat_statements_reset()");
    let locked = engines.postgres.hold("LOCK TABLE benchmark");
    let clients = 50;
    std::thread::scope(|scope| {
        for limit in 1..=clients {
            let service = &service;
            scope.spawn(move || ask(service, limit));
        }
        wait_until("all of them wait", Duration::from_secs(10), || {
            metric(&service, "benchmark_http_requests_in_flight") > Some(clients as f64)
        });
        let waiting = "SELECT count(*) FROM pg_locks \
                       WHERE NOT granted AND relation = 'benchmark'::regclass";
        assert_eq!(engines.postgres.sql(waiting), "1");
        drop(locked);
    });
    // The one that waited for the lock, and one for all who had asked since; some may
    // have been on their way still.
    let calls = queries(&engines);
    assert!((2..=4).contains(&calls), "{calls} queries");
}
