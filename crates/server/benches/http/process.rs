use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) use benchmark_test_servers::free_port;
use ureq::http::Response;

/// A program that runs on the servers' core.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program).stdout(Stdio::null());
    command
}

/// A server that is stopped when it is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    ready_after: Duration,
}

impl Server {
    /// Starts a server and waits until it is ready.
    pub(crate) fn spawn(command: &mut Command, port: u16) -> Self {
        let started = Instant::now();
        let child = command.spawn().expect("the server starts");
        let mut server = Self { child, port, ready_after: Duration::ZERO };
        let url = format!("{}/health/ready", server.url());
        while ureq::get(&url).call().is_err() {
            let gone = server.child.try_wait().expect("the server's state");
            assert!(gone.is_none(), "the server stopped: {gone:?}");
            assert!(started.elapsed() < Duration::from_secs(30), "the server is not ready");
            std::thread::sleep(Duration::from_millis(2));
        }
        server.ready_after = started.elapsed();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    pub(crate) fn get(&self, path: &str, key: &str) -> Response<ureq::Body> {
        ureq::get(format!("{}{path}", self.url()))
            .header("X-API-Key", key)
            .call()
            .expect("an answer")
    }

    pub(crate) fn etag(&self, key: &str) -> String {
        let answer = self.get(super::TTFT, key);
        answer.headers()["etag"].to_str().expect("an ETag").to_owned()
    }

    /// CPU seconds that the server has taken so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = self.proc("stat");
        // The fields behind the program's name, which may hold anything.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let fields: Vec<_> = fields.split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<f64>().expect("ticks");
        (ticks(11) + ticks(12)) / TICKS_PER_SECOND
    }

    /// Bytes of memory that the server has resident.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
        kib.expect("a size") * 1024
    }

    fn proc(&self, file: &str) -> String {
        // taskset replaces itself by the program: the child is the server.
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("/proc")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
