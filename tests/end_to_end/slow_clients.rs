//! Clients that take their time.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::service::{KEY, Service};

fn impatient() -> Service {
    Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("BODY_TIMEOUT", "0.5");
    })
}

/// What the service says before it hangs up, which it must do in time.
fn answer(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // A client that still sends may see a reset instead of the end.
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the service did not hang up: {error}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let service = impatient();
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let head = format!(
        "POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n[",
    );
    stream.write_all(head.as_bytes()).unwrap();
    let started = Instant::now();
    let answer = answer(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"success\":false"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_body_that_trickles_is_given_up() {
    let service = impatient();
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let head = format!(
        "POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut trickle = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        while trickle.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let answer = answer(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn headers_that_do_not_come_are_given_up() {
    let service = Service::empty();
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Sl").unwrap();
    let answer = answer(&mut stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}
