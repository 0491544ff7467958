//! What was recorded comes back out of a backup as deploy/README.md makes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::service::{Service, a_run};

/// A service that has recorded runs, the last of them just now.
fn with_runs() -> Service {
    let service = Service::empty();
    for (llm, ttft) in [("fast", 0.2), ("slow", 0.9), ("middling", 0.5)] {
        assert_eq!(service.post_run(&a_run(llm, ttft)).status, 201);
    }
    service
}

/// Everything that consumers see.
fn shown(service: &Service) -> [String; 3] {
    ["/api/v1/benchmark", "/api/v1/runs", "/api/v1/workloads"].map(|path| service.get(path).text())
}

/// A service on the data in a folder.
fn restored(folder: TempDir) -> Service {
    Service::start(folder, |_| {})
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn sqlite_backs_up_a_service_that_goes_on() {
    let service = with_runs();
    let before = shown(&service);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let output = Command::new("sqlite3")
        .arg(service.folder.path().join("data/benchmark.db"))
        .arg(format!("VACUUM INTO '{}'", folder.path().join("data/benchmark.db").display()))
        .output()
        .expect("tests/install installs sqlite3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // It goes on, and what it records now is not in the backup.
    assert_eq!(service.post_run(&a_run("too late", 0.1)).status, 201);
    drop(service);
    let service = restored(folder);
    assert_eq!(shown(&service), before);
    assert_eq!(service.post_run(&a_run("too late", 0.1)).status, 201);
}

#[test]
fn a_copy_of_the_folder_of_a_stopped_service_is_a_backup() {
    let mut service = with_runs();
    let before = shown(&service);
    service.signal("TERM");
    service.wait();
    let folder = tempfile::tempdir().unwrap();
    copy(&service.folder.path().join("data"), &folder.path().join("data"));
    assert_eq!(shown(&restored(folder)), before);
}

#[test]
fn a_snapshot_of_the_folder_at_one_moment_is_a_backup() {
    let service = with_runs();
    let before = shown(&service);
    // Stopped in its tracks, it changes nothing while the files are copied.
    service.signal("STOP");
    let folder = tempfile::tempdir().unwrap();
    copy(&service.folder.path().join("data"), &folder.path().join("data"));
    drop(service);
    assert_eq!(shown(&restored(folder)), before);
}
