//! The service against its own description.

use std::process::Command;

use serde_json::Value;

use crate::service::{KEY, Service, stdout};

#[test]
fn the_openapi_document_is_the_snapshot() {
    let service = Service::empty();
    let printed: Value =
        serde_json::from_str(&stdout(service.folder.path(), &["openapi"])).unwrap();
    let snapshot: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    assert_eq!(printed, snapshot, "if the change is meant: just openapi");
    let served: Value = serde_json::from_slice(&service.get("/openapi.json").body).unwrap();
    assert_eq!(served, snapshot);
}

/// Hundreds of generated requests, good and bad: no 5xx, no status, type or
/// field that the document does not know.
#[test]
fn generated_requests_find_no_answer_that_is_not_documented() {
    let schemathesis = std::env::var("SCHEMATHESIS")
        .expect("SCHEMATHESIS names the program; tests/run installs it and sets this");
    let service = Service::demo();
    let output = Command::new(schemathesis)
        .arg("run")
        .arg(format!("{}/openapi.json", service.url))
        .args(["--url", &service.url])
        .args(["--header", &format!("X-API-Key: {KEY}")])
        .args(["--checks", "all"])
        // Some rules are between fields: no more can fail than was attempted.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .args(["--max-examples", "40", "--seed", "1", "--no-color"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/end_to_end"))
        .current_dir(service.folder.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!service.log().contains("panicked"), "{}", service.log());
}
