//! Redis away, or standing still: reads go on.

use std::time::Duration;

use crate::engines::{Engines, metric, wait_until};
use crate::load::Load;
use crate::service::Service;
use crate::turn::Turn;

/// Answers are kept so briefly that Redis is asked all the time.
const BRIEFLY: (&str, &str) = ("CACHE_EXPIRATION", "0.05");

fn cache_is_up(service: &Service) -> bool {
    metric(service, "benchmark_shared_cache_up") == Some(1.0)
}

fn wait_until_up(service: &Service) {
    wait_until("the cache is used", Duration::from_secs(5), || cache_is_up(service));
}

#[test]
fn killed_under_load_it_fails_no_request() {
    let mut engines = Engines::start(Turn::alone());
    let service = engines.service_with_runs(&[BRIEFLY]);
    wait_until_up(&service);
    let load = Load::on(&service.url, 8, 50);
    std::thread::sleep(Duration::from_secs(10));
    engines.redis().kill();
    let told = load.for_seconds(20.0);
    assert!(!cache_is_up(&service));
    println!("{:?}", told.statuses);
    assert!(told.answers() > 1000, "{:?}", told.statuses);
    assert_eq!(told.failures(), 0, "{:?}", told.statuses);
    engines.redis().restart();
    wait_until_up(&service);
}

#[test]
fn hung_it_costs_little_and_is_back_soon() {
    let mut engines = Engines::start(Turn::alone());
    let service = engines.service_with_runs(&[BRIEFLY]);
    wait_until_up(&service);
    let normal = Load::on(&service.url, 8, 50).for_seconds(5.0).p99();
    engines.redis().freeze();
    let load = Load::on(&service.url, 8, 50);
    wait_until("Redis is given up", Duration::from_secs(2), || !cache_is_up(&service));
    let mut told = load.for_seconds(10.0);
    assert!(!cache_is_up(&service));
    println!("p99 {normal:?}, with Redis hung {:?}", told.p99());
    assert_eq!(told.failures(), 0, "{:?}", told.statuses);
    let late = told.p99().saturating_sub(normal);
    assert!(late < Duration::from_millis(50), "{late:?} above {normal:?}");
    engines.redis().thaw();
    let after = wait_until("Redis is used again", Duration::from_secs(5), || cache_is_up(&service));
    println!("back after {after:?}");
}

#[test]
fn missing_at_the_start_it_is_used_once_it_is_there() {
    let mut engines = Engines::start(Turn::beside_others());
    engines.redis().kill();
    let service = engines.service_with_runs(&[]);
    let ready = service.get_with("/health/ready", &[]);
    assert_eq!((ready.status, &ready.data()["status"]), (200, &"degraded".into()));
    assert_eq!(ready.data()["dependencies"]["cache"], "down");
    engines.redis().restart();
    wait_until_up(&service);
    let ready = service.get_with("/health/ready", &[]).data();
    assert_eq!(ready["status"], "ready");
}
