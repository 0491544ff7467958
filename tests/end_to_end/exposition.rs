//! What Prometheus reads, and where.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::service::{Service, agent};

#[test]
fn on_a_port_of_its_own_the_metrics_are_nowhere_else() {
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("METRICS_PORT", "0");
    });
    service.get_with("/metrics", &[]).refusal(404);
    let url = service.greeting.iter().find_map(|line| line.strip_prefix("Metrics: ")).unwrap();
    let exposition = agent().get(url).call().unwrap().into_body().read_to_string().unwrap();
    let refused = r#"requests_total{method="GET",route="unmatched",status="404"} 1"#;
    assert!(exposition.contains(refused), "{exposition}");
    let api = url.replace("/metrics", "/api/v1/llms");
    assert_eq!(agent().get(api).call().unwrap().status(), 404);
}

/// Numbers that look random and are the same each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn word(&mut self, letters: &[u8], most: usize) -> String {
        (0..=self.roll(most)).map(|_| char::from(letters[self.roll(letters.len())])).collect()
    }

    /// A request whose answer is short.
    fn request(&mut self) -> String {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"];
        let method = match self.roll(2) {
            0 => known[self.roll(known.len())].to_owned(),
            _ => self.word(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 12),
        };
        let folders =
            ["/", "/api/v1/benchmark/", "/api/v1/runs/", "/api/v1/", "/docs/", "/metrics/"];
        let folder = folders[self.roll(folders.len())];
        let path = self.word(b"abcdefghijklmnopqrstuvwxyz0123456789/.%-_~", 30).replace('%', "%41");
        format!("{method} {folder}random{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    }
}

/// Sends so many requests over one connection and reads the answers.
fn send(service: &Service, dice: &mut Dice, requests: usize) {
    const AT_ONCE: usize = 50;
    let mut stream = TcpStream::connect(service.address()).unwrap();
    for _ in 0..requests / AT_ONCE {
        let batch: String = (0..AT_ONCE).map(|_| dice.request()).collect();
        stream.write_all(batch.as_bytes()).unwrap();
        let (mut answers, mut chunk) = (Vec::new(), [0; 1 << 16]);
        let count = |answers: &[u8]| answers.windows(9).filter(|at| at == b"HTTP/1.1 ").count();
        while count(&answers) < AT_ONCE || !is_whole(&answers) {
            let bytes = stream.read(&mut chunk).unwrap();
            assert!(bytes > 0, "{}", String::from_utf8_lossy(&answers));
            answers.extend_from_slice(&chunk[..bytes]);
        }
    }
}

/// Whether the last answer is there to its end: what has a body is JSON.
fn is_whole(answers: &[u8]) -> bool {
    answers.ends_with(b"}") || answers.ends_with(b"\r\n\r\n")
}

/// What is measured, each with its labels and without its value.
fn series(service: &Service) -> BTreeSet<String> {
    let text = service.get_with("/metrics", &[]).text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[test]
fn ten_thousand_random_paths_and_methods_add_no_label() {
    // Whether it comes to a refusal would depend on the time that this takes.
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("RATE_LIMIT_FAILED_AUTH", "0");
    });
    let mut dice = Dice(42);
    send(&service, &mut dice, 1000);
    // The first question is counted when it has been answered.
    series(&service);
    let before = series(&service);
    assert!(before.iter().any(|it| it.contains(r#"method="other""#)), "{before:?}");
    assert!(!before.iter().any(|it| it.contains("random")), "{before:?}");
    send(&service, &mut dice, 10_000);
    let after = series(&service);
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
}
