//! Files that are larger than the memory an import may take.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::service::{Service, program};

/// So much of a file as to tell whether it is held.
const BYTES: usize = 300_000_000;

/// Lines of aiperf's, 400 tokens each.
fn lines() -> String {
    let line = |request: u64| {
        let start = 1_767_268_800_000_000_000 + request * 10_000_000;
        let gaps = vec!["20.5"; 399].join(", ");
        format!(
            r#"{{"metadata": {{"request_start_ns": {start}, "request_end_ns": {}, "benchmark_phase": "profiling"}}, "metrics": {{"output_sequence_length": {{"value": 400, "unit": "tokens"}}, "time_to_first_token": {{"value": 210.0, "unit": "ms"}}, "request_latency": {{"value": 8389.5, "unit": "ms"}}, "inter_chunk_latency": {{"value": [{gaps}], "unit": "ms"}}}}, "error": null}}
"#,
            start + 8_389_500_000
        )
    };
    (0..500).map(line).collect()
}

/// An import that reads from a pipe, and the end of it that is written to.
fn import_from_pipe(folder: &Path) -> (Child, File) {
    let pipe = folder.join("profile_export.jsonl");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let import = program(folder)
        .args(["import", "--llm", "swift", "--workload", "long", "--json"])
        .arg(&pipe)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Opens when the other end is opened.
    (import, File::options().write(true).open(&pipe).unwrap())
}

/// The most memory that a process has held so far, in bytes.
fn peak_memory(process: &Child) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

fn ended(import: Child) -> Output {
    import.wait_with_output().unwrap()
}

#[test]
fn a_large_file_of_lines_is_imported_in_little_memory() {
    let service = Service::empty();
    let (import, mut pipe) = import_from_pipe(service.folder.path());
    let lines = lines();
    let times = BYTES / lines.len();
    for _ in 0..times {
        pipe.write_all(lines.as_bytes()).unwrap();
    }
    // All has been read but what the pipe holds, and it is still open.
    let peak = peak_memory(&import);
    drop(pipe);
    let output = ended(import);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(peak < 100 << 20, "{peak} bytes for a file of {BYTES}");
    let runs = service.get("/api/v1/runs").data();
    assert_eq!(runs[0]["attempted_requests"], times as u64 * 500);
    assert_eq!(runs[0]["metrics"]["ITL"]["count"], times as u64 * 500 * 399);
}

#[test]
fn a_large_file_that_breaks_off_in_its_last_line_stores_nothing() {
    let service = Service::empty();
    let (import, mut pipe) = import_from_pipe(service.folder.path());
    let lines = lines();
    for _ in 0..10 {
        pipe.write_all(lines.as_bytes()).unwrap();
    }
    pipe.write_all(&lines.as_bytes()[..1_000]).unwrap();
    drop(pipe);
    let output = ended(import);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("line 5001: not valid JSON: EOF while parsing"), "{said}");
    assert_eq!(service.get("/api/v1/runs").data(), serde_json::json!([]));
}
