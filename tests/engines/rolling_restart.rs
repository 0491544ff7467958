//! Replicas are replaced one after the other, and no client notices.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::engines::Engines;
use crate::load::Load;
use crate::service::Service;
use crate::turn::Turn;

/// How long a service answers on after it says that it stops: longer than those
/// who send it requests take to notice.
const DRAIN: (&str, &str) = ("SHUTDOWN_DRAIN", "1.5");

/// What a load balancer does: sends requests to whoever is ready, which it looks
/// at twice a second.
#[derive(Clone)]
struct Balancer(Arc<RwLock<Vec<String>>>);

impl Balancer {
    fn look_at(&self, services: &[&Service]) {
        let is_ready = |service: &&&Service| service.get_with("/health/ready", &[]).status == 200;
        let ready = services.iter().filter(is_ready).map(|service| service.url.clone());
        *self.0.write().unwrap() = ready.collect();
    }
}

#[test]
fn a_rolling_restart_fails_no_request() {
    let engines = Engines::start(Turn::alone());
    let mut services = [engines.service_with_runs(&[DRAIN]), engines.service(&[DRAIN])];
    let balancer = Balancer(Arc::default());
    balancer.look_at(&services.each_ref());
    let chosen = balancer.clone();
    let load = Load::of(16, move |number| {
        let ready = chosen.0.read().unwrap();
        format!("{}/api/v1/benchmark/TTFT", ready[number % ready.len()])
    });
    std::thread::sleep(Duration::from_secs(2));
    for at in 0..services.len() {
        services[at].signal("TERM");
        // Looked at often enough, and no sooner: it is still sent requests.
        std::thread::sleep(Duration::from_millis(500));
        balancer.look_at(&services.each_ref());
        assert_eq!(balancer.0.read().unwrap().len(), 1);
        assert_eq!(services[at].wait().code(), Some(0), "{}", services[at].log());
        services[at] = engines.service(&[DRAIN]);
        balancer.look_at(&services.each_ref());
        assert_eq!(balancer.0.read().unwrap().len(), 2);
        std::thread::sleep(Duration::from_secs(2));
    }
    let told = load.for_seconds(2.0);
    println!("{:?}", told.statuses);
    assert!(told.answers() >= 5000, "{:?}", told.statuses);
    assert_eq!(told.failures(), 0, "{:?}", told.statuses);
}
