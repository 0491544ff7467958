use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::answer::Answer;

pub(crate) const KEY: &str = "end-to-end-key-0123456789";

/// The program with an environment of its own: nothing that is set where the
/// tests run reaches it.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchmark-api"));
    command
        .env_clear()
        .env("PORT", "0")
        .env("API_KEY", KEY)
        .env("SHUTDOWN_DRAIN", "0.1")
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// A file of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    program(folder).args(args).output().unwrap()
}

/// What a command that must succeed wrote to stdout.
pub(crate) fn stdout(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A service of its own, in a folder of its own; killed when dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) url: String,
    /// Everything that it printed at the start, up to its address.
    pub(crate) greeting: Vec<String>,
    pub(crate) folder: TempDir,
}

impl Service {
    /// A service without data.
    pub(crate) fn empty() -> Self {
        Self::start(tempfile::tempdir().unwrap(), |_| {})
    }

    /// A service with simulated runs.
    pub(crate) fn demo() -> Self {
        Self::start(tempfile::tempdir().unwrap(), |command| {
            command.arg("--demo");
        })
    }

    /// A service on what is in `folder`, configured further by `configure`.
    pub(crate) fn start(folder: TempDir, configure: impl FnOnce(&mut Command)) -> Self {
        let log = std::fs::File::create(folder.path().join("stderr.log")).unwrap();
        let mut command = program(folder.path());
        command.arg("serve").stdout(Stdio::piped()).stderr(log);
        configure(&mut command);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = Vec::new();
        let url = loop {
            let Some(line) = lines.next() else {
                let log = std::fs::read_to_string(folder.path().join("stderr.log"));
                panic!("the service did not start: {greeting:?} {log:?}");
            };
            let line = line.unwrap();
            greeting.push(line.clone());
            if let Some(url) = line.strip_prefix("Listening on ") {
                break url.to_owned();
            }
        };
        // Whatever else it prints is read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, greeting, folder }
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr.log")).unwrap()
    }

    /// GET with the key.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[("X-API-Key", KEY)])
    }

    /// GET with these headers and no key.
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.call().unwrap())
    }

    /// POST /api/v1/runs with the key.
    pub(crate) fn post_run(&self, run: &Value) -> Answer {
        self.post("application/json", &serde_json::to_vec(run).unwrap(), &[])
    }

    /// POST /api/v1/runs with the key and these headers.
    pub(crate) fn post(&self, kind: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        let mut request = agent()
            .post(format!("{}/api/v1/runs", self.url))
            .header("X-API-Key", KEY)
            .header("Content-Type", kind);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).unwrap())
    }

    /// A request of any kind, with these headers and no others.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        json: Option<&Value>,
    ) -> Answer {
        let url = format!("{}{path}", self.url);
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match json {
            None => agent().run(request.body(()).unwrap()),
            Some(json) => {
                let request = request.header("Content-Type", "application/json");
                agent().run(request.body(serde_json::to_vec(json).unwrap()).unwrap())
            }
        };
        read(answer.unwrap())
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits until the process has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let ended = ended(&mut self.child);
        ended.unwrap_or_else(|| panic!("the service does not stop: {}", self.log()))
    }

    /// Ends the process without warning and gives its folder back.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a process a signal, such as `TERM`.
pub(crate) fn signal(process: &Child, name: &str) {
    let sent =
        Command::new("kill").args([format!("-{name}"), process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until a process has ended; one that does not is killed, and there is no
/// status.
pub(crate) fn ended(process: &mut Child) -> Option<ExitStatus> {
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience {
        if let Some(status) = process.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    None
}

/// A client that takes every status for an answer.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent()
}

fn read(answer: ureq::http::Response<ureq::Body>) -> Answer {
    let (head, body) = answer.into_parts();
    let mut bytes = Vec::new();
    body.into_reader().read_to_end(&mut bytes).unwrap();
    Answer { status: head.status.as_u16(), headers: head.headers, body: bytes }
}

/// A run of three requests as it is pushed, with this mean TTFT.
pub(crate) fn a_run(llm: &str, ttft: f64) -> Value {
    serde_json::json!({
        "llm_name": llm,
        "started_at": "2026-01-31T12:00:00Z",
        "requests": { "attempted": 3, "failed": 0 },
        "metrics": { "TTFT": { "samples": [ttft - 0.01, ttft, ttft + 0.01] } },
    })
}
