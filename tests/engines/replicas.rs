//! Two services on the same servers.

use std::time::Duration;

use crate::engines::{Engines, wait_until};
use crate::service::a_run;
use crate::turn::Turn;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_posted_to_one_the_other_shows_within_a_second() {
    let engines = Engines::start(Turn::alone());
    // Without a word from the other, they would wait much longer.
    let vars = [("CACHE_EXPIRATION", "3600")];
    let (one, other) = (engines.service_with_runs(&vars), engines.service(&vars));
    let best = |number: u8| {
        let llm = format!("best-{number}");
        let ranking = other.get("/api/v1/benchmark/TTFT").data();
        assert_ne!(ranking[0]["llm_name"], llm.as_str());
        one.post_run(&a_run(&llm, 0.09 - f64::from(number) / 1000.0));
        wait_until("the other shows it", SECOND, || {
            other.get("/api/v1/benchmark/TTFT").data()[0]["llm_name"] == llm.as_str()
        })
    };
    let took: Vec<_> = (1..=5).map(best).collect();
    println!("{took:?}");
}

#[test]
fn what_a_command_records_is_shown_within_a_second_too() {
    let engines = Engines::start(Turn::alone());
    let service = engines.service_with_runs(&[("CACHE_EXPIRATION", "3600")]);
    let before = service.get("/api/v1/benchmark/TTFT").data();
    assert_eq!(before.as_array().unwrap().len(), 10);
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::service::program(folder.path());
    engines.tell(&mut command);
    let output = command.args(["simulate", "--samples", "10"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    wait_until("the service shows it", SECOND, || {
        service.get("/api/v1/benchmark/TTFT").data().as_array().unwrap().len() > 10
    });
}

#[test]
fn a_metric_defined_at_one_is_ranked_by_the_other_within_five_seconds() {
    let engines = Engines::start(Turn::alone());
    let (one, other) = (engines.service(&[]), engines.service(&[]));
    let path = "/api/v1/benchmark/ENERGY";
    assert_eq!(other.get(path).status, 404, "from now on it remembers what there is");
    let metric = serde_json::json!({
        "name": "ENERGY", "unit": "J/token", "better": "lower", "definition": "Energy a token.",
    });
    let key = [("X-API-Key", crate::service::KEY)];
    assert_eq!(one.send("POST", "/api/v1/metrics", &key, Some(&metric)).status, 201);
    let mut run = a_run("swift", 0.2);
    run["metrics"] = serde_json::json!({ "ENERGY": { "samples": [3.0, 4.0, 5.0] } });
    assert_eq!(one.post_run(&run).status, 201, "whoever defined it knows it at once");
    wait_until("the other ranks by it", Duration::from_millis(5500), || {
        let answer = other.get(path);
        answer.status == 200 && answer.data()[0]["value"] == 4.0
    });
}

#[test]
fn a_key_revoked_at_one_stops_working_at_the_other_within_five_seconds() {
    let engines = Engines::without_redis(Turn::alone());
    let (one, other) = (engines.service(&[]), engines.service(&[]));
    let folder = tempfile::tempdir().unwrap();
    let keys = |args: &[&str]| {
        let mut command = crate::service::program(folder.path());
        engines.tell(&mut command);
        let output = command.arg("keys").args(args).arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let made = keys(&["create", "--owner", "router", "--scope", "read"]);
    let key = made["key"].as_str().unwrap();
    let status = |service: &crate::service::Service| {
        service.get_with("/api/v1/llms", &[("X-API-Key", key)]).status
    };
    assert_eq!((status(&one), status(&other)), (200, 200));
    keys(&["revoke", made["id"].as_str().unwrap()]);
    for service in [&one, &other] {
        wait_until("it is refused", Duration::from_millis(5500), || status(service) == 401);
    }
}
