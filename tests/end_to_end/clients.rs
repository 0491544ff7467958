//! The example clients against the real service.

use std::path::Path;
use std::process::{Command, Output};

use crate::service::{KEY, Service, a_run};

const CLIENTS: [(&str, &str); 2] = [("python3", "push.py"), ("sh", "push.sh")];

/// What a client says when it is given these lines to push.
fn push(service: &Service, (interpreter, client): (&str, &str), lines: &str) -> Output {
    let file = service.folder.path().join("runs.ndjson");
    std::fs::write(&file, lines).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    Command::new(interpreter)
        .arg(examples.join(client))
        .arg(&file)
        .env("BENCHMARK_API_URL", &service.url)
        .env("API_KEY", KEY)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_a_client_pushes_is_ranked_and_known_the_second_time() {
    for client in CLIENTS {
        let service = Service::empty();
        let lines = format!("{}\n{}\n", a_run("swift", 0.2), a_run("tardy", 0.9));
        let first = push(&service, client, &lines);
        assert!(first.status.success(), "{client:?}: {}", text(&first.stderr));
        assert_eq!(text(&first.stdout).matches("\"new\":true").count(), 2, "{client:?}");
        let ranking = service.get("/api/v1/benchmark/TTFT").data();
        assert_eq!(ranking[0]["llm_name"], "swift", "{client:?}");
        let again = push(&service, client, &lines);
        assert_eq!(text(&again.stdout).matches("\"new\":false").count(), 2, "{client:?}");
    }
}

#[test]
fn a_client_tells_what_is_wrong_with_every_run_and_fails() {
    for client in CLIENTS {
        let service = Service::empty();
        let bad = a_run("", 0.2);
        let lines = format!("{bad}\n{}\n{bad}\n", a_run("good", 0.2));
        let refused = push(&service, client, &lines);
        assert!(!refused.status.success(), "{client:?}");
        let said = text(&refused.stderr);
        for place in ["line 1: llm_name: ", "line 3: llm_name: "] {
            assert!(said.contains(place), "{client:?}: {said}");
        }
        assert_eq!(service.get("/api/v1/runs").data(), serde_json::json!([]), "{client:?}");
    }
}
