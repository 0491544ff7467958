//! Every documented route under keys that the command made.

use serde_json::{Value, json};

use crate::keys::make_key;
use crate::service::{Service, a_run, stdout};

/// A method of a path, and the scope that the served document asks for.
struct Operation {
    method: String,
    path: String,
    scope: Option<String>,
}

fn operations(service: &Service) -> Vec<Operation> {
    let document: Value = serde_json::from_slice(&service.get("/openapi.json").body).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = "6d1f0e0c-4f0e-8c5a-9a53-0b7c0f6f2f10";
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.replace("{metric}", "TTFT").replace("{id}", id) + needed_query(path),
                scope: operation["x-required-scope"].as_str().map(str::to_owned),
            });
        }
    }
    operations
}

/// What a path cannot be asked without.
fn needed_query(path: &str) -> &'static str {
    if path == "/api/v1/compare" { "?llms=a,b" } else { "" }
}

/// The status of a request that nothing is wrong with but perhaps its key.
fn ask(service: &Service, operation: &Operation, key: Option<&str>) -> u16 {
    let Operation { method, path, .. } = operation;
    let body = match (method.as_str(), path.as_str()) {
        ("POST", "/api/v1/keys") => Some(json!({"owner": "x", "scopes": ["read"]})),
        ("POST", "/api/v1/metrics") => Some(json!({
            "name": "ENERGY", "unit": "J", "better": "lower", "definition": "Energy.",
        })),
        ("POST", "/api/v1/runs/import") => Some(json!({
            "date": "20250131-120000", "model_id": "x", "num_prompts": 1, "completed": 1,
            "duration": 0.5, "max_concurrency": 1, "total_input_tokens": 9,
            "total_output_tokens": 9,
        })),
        ("POST", _) => Some(a_run("x", 0.2)),
        _ => None,
    };
    let key: Vec<_> = key.map(|key| ("X-API-Key", key)).into_iter().collect();
    service.send(method, path, &key, body.as_ref()).status
}

#[test]
fn every_route_opens_to_the_keys_with_its_scope_alone() {
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("RATE_LIMIT_FAILED_AUTH", "0");
    });
    let folder = service.folder.path();
    let (revoked, refused) = make_key(folder, &["read", "write", "admin"]);
    stdout(folder, &["keys", "revoke", &revoked]);
    let good = [&["read"][..], &["write"], &["admin"], &["read", "write", "admin"]];
    let good = good.map(|scopes| (scopes, make_key(folder, scopes).1));
    let operations = operations(&service);
    assert!(operations.iter().filter(|operation| operation.scope.is_some()).count() >= 12);
    for operation in &operations {
        let Operation { method, path, scope } = operation;
        for key in [None, Some("wrong-key-wrong-key"), Some(&*refused)] {
            let expected = if scope.is_some() { 401 } else { 200 };
            assert_eq!(ask(&service, operation, key), expected, "{key:?}: {method} {path}");
        }
        for (scopes, key) in &good {
            let status = ask(&service, operation, Some(key));
            let opens = scope.as_ref().is_none_or(|scope| scopes.contains(&&**scope));
            // What an id of nothing is answered with is the route's own affair.
            let expected: &[u16] = if opens { &[200, 201, 404] } else { &[403] };
            assert!(expected.contains(&status), "{scopes:?}: {method} {path}: {status}");
        }
    }
}
