//! A start that cannot work: one sentence that names the thing, and an exit
//! code that is not 0.

use std::fs;
use std::path::Path;

use crate::service::{Service, program, stdout};

/// Starts the service where it must fail, and returns what it said.
fn refusal(folder: &Path, vars: &[(&str, &str)]) -> String {
    let output = program(folder).arg("serve").envs(vars.iter().copied()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "one sentence: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_bad_value_names_its_key() {
    let folder = tempfile::tempdir().unwrap();
    for (key, value) in [
        ("PORT", "eighty"),
        ("CACHE_EXPIRATION", "soon"),
        ("LOG_LEVEL", "loud=very=much"),
        ("LOG_FORMAT", "xml"),
        ("LOG_FILE", "/nowhere/service.log"),
        ("METRICS_PORT", "everywhere"),
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("API_KEY", "short"),
        ("CORS_ALLOWED_ORIGINS", "not an origin"),
        // An address of documentation, which no machine has.
        ("HOST", "192.0.2.1"),
    ] {
        let said = refusal(folder.path(), &[(key, value)]);
        assert!(said.contains(key), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_bad_certificate_of_redis_names_its_key() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    for file in ["missing.pem", "empty.pem"] {
        let vars =
            [("REDIS_HOST", "localhost"), ("REDIS_TLS", "true"), ("REDIS_TLS_ROOTCERT", file)];
        let said = refusal(folder.path(), &vars);
        assert!(said.contains("REDIS_TLS_ROOTCERT") && said.contains(file), "{said}");
    }
}

#[test]
fn a_malformed_env_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "API_KEY='hunter2-hunter2-hunter2").unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(said.contains(".env") && !said.contains("hunter2"), "{said}");
}

#[test]
fn an_env_file_is_read_in_the_working_folder_and_nowhere_above() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(folder.path().join(".env"), "LOG_FORMAT=theirs").unwrap();
    assert_eq!(stdout(&inner, &["keys", "list", "--json"]), "[]\n");
    // A folder of that name, as Python's environments have, is none either.
    fs::create_dir(inner.join(".env")).unwrap();
    assert_eq!(stdout(&inner, &["keys", "list", "--json"]), "[]\n");
    assert!(refusal(folder.path(), &[]).contains("LOG_FORMAT"));
}

#[test]
fn a_start_that_failed_has_made_no_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    refusal(folder.path(), &[("PORT", &port), ("API_KEY", "")]);
    let service = Service::start(folder, |command| {
        command.env_remove("API_KEY");
    });
    assert!(service.greeting.join(" ").contains("bmk_"), "the first key is shown");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(folder.path(), &[("PORT", &port)]).contains(&port));
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letters.db");
    let letters = "no database at all, ".repeat(1000);
    fs::write(&path, &letters).unwrap();
    let url = format!("sqlite://{}", path.display());
    assert!(refusal(folder.path(), &[("DATABASE_URL", &url)]).contains("letters.db"));
    assert_eq!(fs::read_to_string(&path).unwrap(), letters);
}

#[test]
fn a_cut_off_database_is_refused() {
    let service = Service::demo();
    let folder = service.kill();
    let path = folder.path().join("data/benchmark.db");
    for file in ["data/benchmark.db-wal", "data/benchmark.db-shm"] {
        let _ = fs::remove_file(folder.path().join(file));
    }
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len().min(50)]).unwrap();
    assert!(refusal(folder.path(), &[]).contains("benchmark.db"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data"), "a file where a folder should be").unwrap();
    let path = folder.path().join("data");
    assert!(refusal(folder.path(), &[]).contains(path.to_str().unwrap()));
}
