//! The end of a service.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::service::{KEY, Service, a_run, ended, program, signal};

#[test]
fn before_it_stops_it_says_that_it_is_not_ready_and_answers_on() {
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("SHUTDOWN_DRAIN", "60");
    });
    assert_eq!(service.get_with("/health/ready", &[]).status, 200);
    service.signal("TERM");
    let patience = Instant::now() + Duration::from_secs(20);
    while service.get_with("/health/ready", &[]).status != 503 {
        assert!(Instant::now() < patience);
    }
    assert_eq!(service.get_with("/health/live", &[]).status, 200);
    let ranking = service.get("/api/v1/benchmark/TTFT");
    assert_eq!(ranking.status, 200);
    assert_eq!(ranking.header("connection"), "close");
}

#[test]
fn once_drained_it_ends_by_itself() {
    let mut service = Service::empty();
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn a_request_in_flight_is_finished() {
    let mut service = Service::empty();
    let body = serde_json::to_vec(&a_run("in flight", 0.3)).unwrap();
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let head = format!(
        "POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (first, rest) = body.split_at(10);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first).unwrap();
    wait_until_in_flight(&service);
    service.signal("TERM");
    // The rest comes when no new connection is taken any more.
    while TcpStream::connect(service.address()).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.write_all(rest).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(service.wait().code(), Some(0));
}

fn wait_until_in_flight(service: &Service) {
    let patience = Instant::now() + Duration::from_secs(5);
    loop {
        let metrics = service.get_with("/metrics", &[]).text();
        // The question itself is one of them.
        if metrics.lines().any(|line| line == "benchmark_http_requests_in_flight 2") {
            return;
        }
        assert!(Instant::now() < patience, "{metrics}");
    }
}

#[test]
fn a_second_signal_does_not_wait() {
    let mut service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("SHUTDOWN_DRAIN", "60");
    });
    service.signal("TERM");
    while service.get_with("/health/ready", &[]).status != 503 {}
    service.signal("TERM");
    let started = Instant::now();
    service.wait();
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn while_it_waits_for_its_database_it_can_be_stopped_too() {
    for name in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut service = program(folder.path())
            .args(["serve", "--wait", "3600"])
            .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nowhere")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(service.stderr.take().unwrap()).lines();
        assert!(log.any(|line| line.unwrap().contains("waiting for the database")));
        signal(&service, name);
        assert_eq!(ended(&mut service).map(|status| status.code()), Some(Some(0)), "{name}");
    }
}
