//! However many ask for what nobody has, it is loaded once.

use std::sync::Barrier;

use crate::engines::Engines;
use crate::service::{KEY, agent};
use crate::turn::Turn;

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
                let url = format!("{}/api/v1/benchmark/TTFT?limit=9", service.url);
                begin.wait();
                let answer = agent().get(url).header("X-API-Key", KEY).call().unwrap();
                assert_eq!(answer.status(), 200);
            };
            client.spawn_scoped(scope, ask).unwrap();
        }
    });
    // The table of entries is read to answer, and for nothing else.
    let calls = engines.postgres.sql(
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements \
         WHERE query LIKE '%\"benchmark\"%' AND query LIKE 'SELECT%'",
    );
    let calls: usize = calls.trim().parse().unwrap();
    println!("{calls} queries for {clients} clients");
    assert!((1..=services.len()).contains(&calls), "{calls} queries");
}
