//! A real Prometheus over the real service: nothing on the dashboard and in the
//! alerts asks for what does not exist.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::dashboard::{expressions, panels};
use crate::engines::{Engines, wait_until};
use crate::expression::selectors;
use crate::prometheus::Prometheus;
use crate::service::{KEY, Service, a_run};
use crate::turn::Turn;

/// How long everything may take to be seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for what is cached and what is not, with and without a key; records.
fn use_until(stop: &AtomicBool, service: &Service) {
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        service.get("/api/v1/benchmark/TTFT");
        service.get(&format!("/api/v1/benchmark/TTFT?limit={}", 1 + number % 1000));
        service.get_with("/api/v1/llms", &[]);
        service.get_with("/nothing", &[]);
        if number % 20 == 0 {
            service.post_run(&a_run(&format!("llm-{number}"), 0.5));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether there is a value, and not only what no traffic divides to.
fn returns(prometheus: &Prometheus, expression: &str) -> bool {
    prometheus.values(expression).iter().any(|value| !value.is_nan())
}

/// Waits until all of these return something.
fn all_return(prometheus: &Prometheus, what: &str, mut expressions: Vec<String>) {
    assert!(!expressions.is_empty(), "{what}");
    let begun = Instant::now();
    loop {
        expressions.retain(|expression| !returns(prometheus, expression));
        if expressions.is_empty() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} return nothing: {expressions:#?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn every_panel_rule_and_alert_has_something_to_look_at() {
    let mut engines = Engines::start(Turn::alone());
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        engines.tell(command);
        // Without a limit, wrong keys go on being looked at.
        command.arg("--demo").env("CACHE_EXPIRATION", "0.2").env("RATE_LIMIT_FAILED_AUTH", "0");
    });
    let prometheus = Prometheus::watching(service.address());
    let rules = prometheus.rules();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| use_until(&stop, &service));
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            look(&mut engines, &service, &prometheus, &rules);
        }));
        stop.store(true, Ordering::Relaxed);
        looked.unwrap();
    });
}

fn look(
    engines: &mut Engines,
    service: &Service,
    prometheus: &Prometheus,
    rules: &[serde_json::Value],
) {
    wait_until("it is read", PATIENCE, || returns(prometheus, "up{job=\"benchmark-api\"} == 1"));
    engines.postgres.kill();
    engines.redis().kill();
    wait_until("requests fail", PATIENCE, || {
        let admin = [("X-API-Key", KEY)];
        service.send("POST", "/api/v1/runs", &admin, Some(&json!(a_run("x", 0.5)))).status == 503
            && returns(
                prometheus,
                "sum(rate(benchmark_http_requests_total{status=\"503\"}[5s])) > 0",
            )
    });
    wait_until("an alert is about to fire", PATIENCE, || {
        returns(prometheus, "ALERTS{alertname=\"BenchmarkApiStoreUnhealthy\"}")
    });
    engines.postgres.restart();
    engines.redis().restart();

    let of = |kind: &'static str| rules.iter().filter(move |rule| rule["type"] == kind);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let recorded = of("recording").map(|rule| text(&rule["name"])).collect();
    all_return(prometheus, "recording rules", recorded);
    let asked = of("alerting").flat_map(|rule| {
        let selectors = selectors(rule["query"].as_str().unwrap());
        assert!(!selectors.is_empty(), "{rule}");
        selectors
    });
    all_return(prometheus, "selectors of alerts", asked.collect());
    for panel in panels() {
        let expressions = expressions(&panel).into_iter().map(|expression| {
            // What Grafana puts there.
            expression.replace("$__rate_interval", "30s").replace("$instance", ".*")
        });
        all_return(prometheus, panel["title"].as_str().unwrap(), expressions.collect());
    }
}
