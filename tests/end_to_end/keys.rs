//! Keys: made, listed and revoked by command and over the API.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::service::{KEY, Service, run, stdout};

/// What `keys` with these arguments says as JSON.
fn keys(folder: &Path, args: &[&str]) -> Value {
    let args = [&["keys"], args, &["--json"]].concat();
    serde_json::from_str(&stdout(folder, &args)).unwrap()
}

/// Makes a key by command: its id and itself.
pub(crate) fn make_key(folder: &Path, scopes: &[&str]) -> (String, String) {
    let scopes: Vec<_> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
    let created = keys(folder, &[&["create", "--owner", "router"], &scopes[..]].concat());
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

/// The status of a question under a key.
fn status(service: &Service, key: &str) -> u16 {
    service.get_with("/api/v1/llms", &[("X-API-Key", key)]).status
}

/// Waits until a key is refused, and tells how long that took.
fn refused_after(service: &Service, key: &str, patience: Duration) -> Duration {
    let begun = Instant::now();
    while status(service, key) != 401 {
        assert!(begun.elapsed() < patience, "the key is still let in");
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}

#[test]
fn a_key_made_by_the_command_opens_the_running_service_and_is_shown_once() {
    let service = Service::empty();
    let folder = service.folder.path();
    let create = ["keys", "create", "--owner", "Zoë's router", "--scope", "read"];
    let said = stdout(folder, &create);
    let shown: Vec<_> = said.split_whitespace().filter(|word| word.starts_with("bmk_")).collect();
    let [key] = shown[..] else { panic!("{said}") };
    assert!(said.contains("Zoë's router"), "{said}");
    assert_eq!(status(&service, key), 200);
    let listed = stdout(folder, &["keys", "list"]);
    assert!(listed.contains("Zoë's router") && !listed.contains("bmk_"), "{listed}");
    assert!(!service.log().contains(key));
    for file in std::fs::read_dir(folder.join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()));
    }
}

#[test]
fn a_key_revoked_by_the_command_stops_in_the_running_service_within_five_seconds() {
    let service = Service::empty();
    let (id, key) = make_key(service.folder.path(), &["read"]);
    assert_eq!(status(&service, &key), 200);
    assert!(keys(service.folder.path(), &["revoke", &id])["revoked_at"].is_string());
    // A second for a machine that is busy.
    let took = refused_after(&service, &key, Duration::from_secs(5 + 1));
    eprintln!("refused {took:?} after it was revoked");
    assert_eq!(status(&service, &key), 401);
}

#[test]
fn a_key_revoked_over_the_api_stops_at_once() {
    let service = Service::empty();
    let admin = [("X-API-Key", KEY)];
    let new = json!({"owner": "router", "scopes": ["read"]});
    let created = service.send("POST", "/api/v1/keys", &admin, Some(&new));
    assert_eq!((created.status, created.header("cache-control")), (201, "no-store"));
    let created = created.data();
    let (id, key) = (created["id"].as_str().unwrap(), created["key"].as_str().unwrap());
    assert_eq!(status(&service, key), 200);
    let path = format!("/api/v1/keys/{id}");
    let revoked = service.send("DELETE", &path, &admin, None).data();
    assert_eq!(status(&service, key), 401);
    assert_eq!(service.send("DELETE", &path, &admin, None).data(), revoked);
    assert!(!service.log().contains(key));
}

#[test]
fn the_command_says_what_the_api_says() {
    let service = Service::empty();
    let folder = service.folder.path();
    let (first, _) = make_key(folder, &["read", "write"]);
    make_key(folder, &["admin"]);
    let listed = keys(folder, &["list"]);
    assert_eq!(service.get("/api/v1/keys").data(), listed);
    assert_eq!(listed[1]["scopes"], json!(["read", "write"]));
    let page =
        keys(folder, &["list", "--limit", "1", "--after", listed[0]["id"].as_str().unwrap()]);
    assert_eq!(page[0]["id"], first.as_str());
    let revoked = keys(folder, &["revoke", &first]);
    assert_eq!(service.get("/api/v1/keys").data()[1], revoked);
}

#[test]
fn a_key_is_valid_until_it_expires() {
    let service = Service::empty();
    let create = ["create", "--owner", "x", "--scope", "read", "--expires-in", "2s"];
    let created = keys(service.folder.path(), &create);
    let key = created["key"].as_str().unwrap();
    assert_eq!(status(&service, key), 200);
    refused_after(&service, key, Duration::from_secs(10));
    let create = ["create", "--owner", "x", "--scope", "read", "--expires-at"];
    let later = [&create[..], &["2999-12-31T00:00:00Z"]].concat();
    let created = keys(service.folder.path(), &later);
    assert_eq!(created["expires_at"], "2999-12-31T00:00:00.000000Z");
}

#[test]
fn what_cannot_be_a_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let id = "00000000-0000-8000-8000-000000000000";
    let read = ["--scope", "read"];
    for (args, code, named) in [
        (["create", "--owner", " ", read[0], read[1], "", ""], 3, "--owner"),
        (["create", "--owner", "x", read[0], read[1], "--expires-in", "0s"], 3, "--expires-in"),
        (
            ["create", "--owner", "x", read[0], read[1], "--expires-at", "1999-01-01T00:00:00Z"],
            3,
            "--expires-at",
        ),
        (["revoke", id, "", "", "", "", ""], 3, id),
        (["list", "--after", id, "", "", "", ""], 3, "--after"),
        (["create", "--owner", "x", "", "", "", ""], 2, "--scope"),
        (["create", "--owner", "x", "--scope", "root", "", ""], 2, "read, write or admin"),
        (["revoke", "x", "", "", "", "", ""], 2, "<ID>"),
    ] {
        let args: Vec<_> = args.into_iter().filter(|arg| !arg.is_empty()).collect();
        let output = run(folder.path(), &[&["keys"], &args[..]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(named), "{args:?}: {said}");
        assert_eq!(output.stdout, b"", "{args:?}");
    }
    assert_eq!(keys(folder.path(), &["list"]), json!([]));
}

#[test]
fn the_last_use_of_a_key_is_written_down_at_the_latest_when_the_service_ends() {
    let mut service = Service::empty();
    let (_, key) = make_key(service.folder.path(), &["read"]);
    assert_eq!(status(&service, &key), 200);
    service.signal("TERM");
    service.wait();
    let listed = keys(service.folder.path(), &["list"]);
    assert!(listed[0]["last_used_at"].as_str() > listed[0]["created_at"].as_str(), "{listed}");
}
