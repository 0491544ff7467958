//! The log: where it goes, what is in it, and what a full disk does to it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::service::{KEY, Service};

/// A service that logs as JSON to a file alone.
fn logging(folder: TempDir, file: &Path, vars: &[(&str, &str)]) -> Service {
    Service::start(folder, |command| {
        command.env("CONSOLE_LOGGING", "false").env("LOG_FORMAT", "json").env("LOG_FILE", file);
        command.envs(vars.iter().copied());
    })
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether there is a whole line with this in it.
fn has_line(file: &Path, part: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_inclusive('\n').any(|line| line.ends_with('\n') && line.contains(part))
}

/// Asks under an id, and waits until that is in the log.
fn ask_and_wait(service: &Service, file: &Path, id: &str) {
    ask(service, id);
    wait_until("the request is logged", || has_line(file, id));
}

fn ask(service: &Service, id: &str) {
    let headers = [("X-API-Key", KEY), ("X-Request-Id", id)];
    assert_eq!(service.get_with("/api/v1/llms", &headers).status, 200);
}

fn dropped(service: &Service) -> u64 {
    let metrics = service.get_with("/metrics", &[]).text();
    let line =
        metrics.lines().find_map(|line| line.strip_prefix("benchmark_log_lines_dropped_total "));
    line.unwrap().parse().unwrap()
}

#[test]
fn a_start_says_where_runs_and_answers_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.log");
    let _service = logging(folder, &file, &[]);
    let kept = r#""store":"data/benchmark.db","cache":"this process""#;
    wait_until("the start is logged", || has_line(&file, kept));
}

#[test]
fn a_request_is_one_line_with_its_route_key_and_trace() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.log");
    let service = logging(folder, &file, &[]);
    let headers = [
        ("X-API-Key", KEY),
        ("X-Request-Id", "the-one"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    service.get_with("/api/v1/benchmark/TTFT?limit=1", &headers);
    wait_until("the request is logged", || has_line(&file, "the-one"));
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.contains("the-one")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["target"], "access");
    assert_eq!(line["route"], "/api/v1/benchmark/{metric}");
    assert_eq!(line["status"], 200);
    assert!(line["duration_us"].is_u64());
    assert_eq!(line["key"], "bootstrap");
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(service.log(), "", "nothing goes to stderr");
}

#[test]
fn a_file_is_set_aside_before_it_is_too_large_and_no_line_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.log");
    let vars = [("LOG_FILE_MAX_BYTES", "4096"), ("LOG_FILE_KEEP", "3")];
    let service = logging(folder, &file, &vars);
    let ids: Vec<_> = (0..100).map(|number| format!("numbered-{number}")).collect();
    ids.iter().for_each(|id| ask(&service, id));
    wait_until("the last is logged", || has_line(&file, "numbered-99"));
    let kept = [".3", ".2", ".1", ""].map(|end| PathBuf::from(format!("{}{end}", file.display())));
    let texts = kept.map(|path| fs::read_to_string(path).unwrap());
    assert!(texts.iter().all(|text| text.len() <= 4096));
    let text = texts.concat();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kept: Vec<_> = lines.iter().filter_map(|line| line["request_id"].as_str()).collect();
    assert!(kept.len() > 30 && kept == ids[ids.len() - kept.len()..], "{kept:?}");
    assert!(!Path::new(&format!("{}.4", file.display())).exists());
    assert_eq!(dropped(&service), 0);
}

#[test]
fn moved_away_the_file_is_opened_anew_at_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.log");
    let moved = folder.path().join("moved.log");
    let service = logging(folder, &file, &[]);
    ask_and_wait(&service, &file, "before");
    fs::rename(&file, &moved).unwrap();
    ask_and_wait(&service, &moved, "between");
    service.signal("HUP");
    wait_until("the file is there", || file.exists());
    ask_and_wait(&service, &file, "after");
    assert!(!has_line(&moved, "after") && !has_line(&file, "before"));
}

#[test]
fn a_full_device_fails_no_request_and_its_lines_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let service = logging(folder, Path::new("/dev/full"), &[]);
    (0..50).for_each(|number| ask(&service, &format!("lost-{number}")));
    wait_until("they are counted", || dropped(&service) >= 50);
}

/// A file system of its own, of so few bytes.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(bytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(folder.path());
        assert!(mount.status().unwrap().success());
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever has a file there may still be ending.
        _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Whether this process may mount file systems.
fn may_mount() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    u64::from_str_radix(effective.trim(), 16).unwrap() & (1 << 21) != 0
}

#[test]
fn on_a_full_disk_no_request_fails_and_the_log_goes_on_when_there_is_room() {
    if !may_mount() {
        println!("NOT RUN: only who may mount file systems can make a small one");
        return;
    }
    let disk = SmallDisk::mount(64 << 10);
    let (file, ballast) = (disk.0.path().join("service.log"), disk.0.path().join("ballast"));
    fs::write(&ballast, vec![0; 32 << 10]).unwrap();
    let service = logging(tempfile::tempdir().unwrap(), &file, &[]);
    let mut asked = 0;
    while dropped(&service) < 20 {
        ask(&service, &format!("numbered-{asked}"));
        asked += 1;
        assert!(asked < 5000, "the disk is never full");
    }
    assert!(asked > 20, "there was room for some");
    fs::remove_file(&ballast).unwrap();
    ask_and_wait(&service, &file, "there-is-room");
    wait_until("the gap is told", || has_line(&file, "lines of the log were lost"));
    for line in fs::read_to_string(&file).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(line["timestamp"].is_string(), "{line}");
    }
}

/// Sends what no client library would, and returns the answer.
fn send_raw(service: &Service, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    // Cut off is an answer too.
    _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn no_path_user_agent_id_or_trace_forges_a_line() {
    for format in ["json", "pretty"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.log");
        let vars = [("LOG_FORMAT", format), ("LOG_LEVEL", "trace")];
        let service = logging(folder, &file, &vars);
        let forgeries: [&[u8]; 8] = [
            b"%0d%0aFORGED",
            b"\rFORGED",
            b"\nFORGED: yes",
            b"\n\tFORGED",
            b"\x1b[31mFORGED\x1b[0m",
            b"\x07\x08\x0c\x7fFORGED",
            b"\xc2\x9b31mFORGED\xc2\x85",
            b"\"}\\n{\"FORGED\":\"",
        ];
        for forgery in forgeries {
            let places: [(&[u8], &[u8]); 5] = [
                (b"GET /", b" HTTP/1.1\r\n"),
                (b"GET / HTTP/1.1\r\nUser-Agent: ", b"\r\n"),
                (b"GET / HTTP/1.1\r\nX-Request-Id: ", b"\r\n"),
                (b"GET / HTTP/1.1\r\ntraceparent: 00-", b"\r\n"),
                (b"GET /api/v1/llms HTTP/1.1\r\nX-API-Key: ", b"\r\n"),
            ];
            for (before, after) in places {
                let end = b"Host: x\r\nConnection: close\r\n\r\n";
                let answer = send_raw(&service, &[before, forgery, after, &end[..]].concat());
                assert!(!answer.contains("FORGED\r\n"), "{answer}");
            }
        }
        ask_and_wait(&service, &file, "the-last-one");
        let log = fs::read(&file).unwrap();
        for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let text = String::from_utf8_lossy(line);
            assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
            match format {
                "json" => assert!(serde_json::from_slice::<Value>(line).is_ok(), "{text}"),
                _ => assert!(text.starts_with("20") && text[20..].contains('Z'), "{text}"),
            }
        }
    }
}
