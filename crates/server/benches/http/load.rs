use std::process::Command;

use crate::TTFT;
use crate::process::Server;

/// What `wrk` is to do, from the clients' core.
pub(crate) struct Load {
    pub(crate) key: &'static str,
    /// Where it is given, every answer is a 304.
    pub(crate) etag: Option<String>,
    pub(crate) connections: usize,
    pub(crate) seconds: usize,
    /// Whether no two requests in a row are the same, though their answers are.
    pub(crate) various: bool,
}

/// Has `wrk` ask for more entries than there are, each time for another number.
const VARIOUS: &str = "local n = 0
request = function()
    n = n + 1
    return wrk.format(nil, wrk.path .. '?limit=' .. 10 + n % 990)
end";

/// What one load measured.
pub(crate) struct Measured {
    pub(crate) requests_per_second: f64,
    /// Seconds of the server's CPU.
    pub(crate) cpu_per_request: f64,
    /// Seconds.
    pub(crate) p99: f64,
}

impl Load {
    /// Puts the load on a server.
    pub(crate) fn run(&self, server: &Server) -> Measured {
        let mut wrk = Command::new("taskset");
        wrk.args(["-c", "1", "wrk", "--threads", "1", "--latency"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds)])
            .args(["--header", &format!("X-API-Key: {}", self.key)]);
        if let Some(etag) = &self.etag {
            wrk.args(["--header", &format!("If-None-Match: {etag}")]);
        }
        let script = tempfile::NamedTempFile::new().expect("a temporary file");
        if self.various {
            std::fs::write(script.path(), VARIOUS).expect("a script");
            wrk.arg("--script").arg(script.path());
        }
        let before = server.cpu_seconds();
        let url = format!("{}{TTFT}", server.url());
        let output = wrk.arg(url).output().expect("wrk is installed");
        let cpu = server.cpu_seconds() - before;
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}");
        for trouble in ["Non-2xx", "Socket errors"] {
            assert!(!report.contains(trouble), "{report}");
        }
        let requests = number(&report, " requests in ", |line| line.split_whitespace().next());
        Measured {
            requests_per_second: number(&report, "Requests/sec:", last_word),
            cpu_per_request: cpu / requests,
            p99: number(&report, "    99%", last_word),
        }
    }
}

fn last_word(line: &str) -> Option<&str> {
    line.split_whitespace().last()
}

/// The number in the first line that holds `mark`; a time is in seconds.
fn number(report: &str, mark: &str, word: fn(&str) -> Option<&str>) -> f64 {
    let found = report.lines().find(|line| line.contains(mark)).and_then(word);
    let text = found.unwrap_or_else(|| panic!("no {mark:?} in {report}"));
    let digits = text.trim_end_matches(char::is_alphabetic);
    let scale = match &text[digits.len()..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        unit => panic!("what is {unit}?"),
    };
    digits.parse::<f64>().unwrap_or_else(|_| panic!("{text} is no number")) * scale
}
