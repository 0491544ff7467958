//! What the terminal and the API say about differences and about time.

use serde_json::{Value, json};

use crate::service::{Service, a_run, run, stdout};

/// A run with this mean TTFT that started so many minutes after noon.
fn run_at(llm: &str, ttft: f64, minute: u32) -> Value {
    let mut run = a_run(llm, ttft);
    run["started_at"] = format!("2026-01-31T12:{minute:02}:00Z").into();
    run
}

/// `swift` and `tardy` with three runs each, pushed one after the other.
fn two_llms() -> Service {
    let service = Service::empty();
    for minute in 0..3 {
        let off = f64::from(minute) / 100.0;
        service.post_run(&run_at("swift", 0.2 + off, minute)).data();
        service.post_run(&run_at("tardy", 0.9 - off, minute)).data();
    }
    service
}

fn printed(service: &Service, args: &[&str]) -> Value {
    serde_json::from_str(&stdout(service.folder.path(), args)).unwrap()
}

#[test]
fn a_comparison_is_the_same_in_the_terminal_and_in_the_api() {
    let service = two_llms();
    let command = ["compare", "swift", "tardy", "--window", "all", "--json"];
    let served = service.get("/api/v1/compare?llms=swift,tardy&window=all").data();
    assert_eq!(printed(&service, &command), served);
    let ttft = &served["metrics"].as_array().unwrap().iter().find(|it| it["metric"] == "TTFT");
    assert_eq!(ttft.unwrap()["pairs"][0]["significant"], true);
    let table = stdout(service.folder.path(), &command[..5]);
    assert!(table.contains("swift is better"), "{table}");
    assert!(!table.contains("provisional"), "{table}");
}

#[test]
fn whoever_is_unknown_cannot_be_compared() {
    let service = two_llms();
    let output = run(service.folder.path(), &["compare", "swift", "swiift"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("swiift") && said.contains("tardy"), "{said}");
}

#[test]
fn a_history_is_the_same_in_the_terminal_and_in_the_api() {
    let service = two_llms();
    let served = service.get("/api/v1/benchmark/TTFT/history").data();
    assert_eq!(printed(&service, &["history", "ttft", "--json"]), served);
    let swift = &served["series"][0];
    assert_eq!(swift["llm"]["llm_name"], "swift");
    assert_eq!(swift["points"].as_array().unwrap().len(), 6, "one per push");
    let table = stdout(service.folder.path(), &["history", "ttft", "--llm", "swift"]);
    assert!(table.contains("▁▁▄▄██") || table.contains("▁▁▅▅██"), "{table}");
    assert!(!table.contains("tardy"), "{table}");
}

#[test]
fn a_history_is_thinned_to_the_last_of_each_bucket() {
    let service = two_llms();
    let all = service.get("/api/v1/benchmark/TTFT/history").data();
    let days = service.get("/api/v1/benchmark/TTFT/history?bucket=365d").data();
    let points = days["series"][0]["points"].as_array().unwrap();
    assert_eq!(points.last(), all["series"][0]["points"].as_array().unwrap().last());
    assert!(points.len() < 3, "{days}");
}

#[test]
fn a_metric_of_ones_own_is_ranked_and_survives_a_restart() {
    let service = Service::empty();
    let metric = json!({
        "name": "energy", "unit": "J/token", "better": "lower", "definition": "Energy a token.",
    });
    let define = |service: &Service| {
        let key = [("X-API-Key", crate::service::KEY)];
        service.send("POST", "/api/v1/metrics", &key, Some(&metric)).status
    };
    assert_eq!(define(&service), 201);
    let mut run = a_run("swift", 0.2);
    run["metrics"] = json!({ "ENERGY": { "samples": [3.0, 4.0, 5.0] } });
    service.post_run(&run).data();
    let service = Service::start(service.kill(), |_| {});
    let ranking = service.get("/api/v1/benchmark/energy").data();
    assert_eq!((&ranking[0]["value"], &ranking[0]["unit"]), (&json!(4.0), &json!("J/token")));
    assert_eq!(define(&service), 200);
}
