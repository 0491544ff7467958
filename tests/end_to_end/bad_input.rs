//! What no client should send: a clear 4xx, and nothing stored.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::service::{Service, a_run};

#[test]
fn an_unknown_metric_names_the_known_ones() {
    let message = Service::empty().get("/api/v1/benchmark/BANANA").refusal(404);
    for known in ["TTFT", "TPOT", "E2E_LATENCY", "SYSTEM_TPS", "ERROR_RATE"] {
        assert!(message.contains(known), "{message}");
    }
}

#[test]
fn a_bad_parameter_is_named_with_the_reason() {
    let service = Service::empty();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1e9", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=-1", "limit"),
        ("limit=5&limit=6", "limit"),
        ("offset=-1", "offset"),
        ("window=banana", "window"),
        ("statistic=p101", "statistic"),
        ("workload=a%20b", "workload"),
        ("provider=", "provider"),
        ("provider=%00", "provider"),
        ("bananas=5", "bananas"),
    ] {
        for path in ["/api/v1/benchmark/TTFT", "/api/v1/benchmark"] {
            let message = service.get(&format!("{path}?{query}")).refusal(422);
            assert!(message.contains(field), "{query}: {message}");
        }
    }
}

#[test]
fn an_unknown_route_and_a_wrong_method_get_the_envelope() {
    let service = Service::empty();
    service.get("/api/v1/nothing").refusal(404);
    service.get("/%ff%fe/../..").refusal(404);
    let url = format!("{}/api/v1/benchmark/TTFT", service.url);
    let answer = crate::service::agent().delete(url).call().unwrap();
    assert_eq!(answer.status(), 405);
    assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"));
    let envelope: Value = answer.into_body().read_json().unwrap();
    assert_eq!(envelope["success"], false);
}

#[test]
fn no_key_and_a_wrong_key_get_the_same_401() {
    let service = Service::empty();
    for path in ["/api/v1/benchmark/TTFT", "/api/v1/benchmark", "/api/v1/llms", "/api/v1/runs"] {
        for headers in [&[][..], &[("X-API-Key", "wrong-key-wrong-key")], &[("X-API-Key", "")]] {
            let message = service.get_with(path, headers).refusal(401);
            assert_eq!(message, "Could not validate API key");
        }
    }
}

/// Posts what must be refused with this status, and returns the message.
fn refused(service: &Service, run: &Value, status: u16) -> String {
    service.post_run(run).refusal(status)
}

#[test]
fn a_run_that_cannot_be_is_refused_by_the_name_of_its_field() {
    let service = Service::empty();
    let with = |pointer: &str, value: Value| {
        let mut run = a_run("x", 0.2);
        match run.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => run[pointer.trim_start_matches('/')] = value,
        }
        run
    };
    let samples = "/metrics/TTFT/samples";
    for (run, field) in [
        (with(samples, json!([])), "TTFT"),
        (with(samples, json!([0.1, -0.2])), "samples"),
        (with(samples, json!([0.1, 1e300])), "samples"),
        (with(samples, json!([0.1, null])), "samples"),
        (with(samples, json!([0.1, "NaN"])), "samples"),
        (with("/llm_name", json!("")), "llm_name"),
        (with("/llm_name", json!("x".repeat(10_000))), "llm_name"),
        (with("/llm_name", json!("a\u{0}b")), "llm_name"),
        (with("/llm_name", json!(5)), "llm_name"),
        (with("/started_at", json!("yesterday")), "started_at"),
        (with("/requests", json!({"attempted": 1, "failed": 2})), "requests"),
        (with("/requests", json!({"attempted": 0, "failed": 0})), "attempted"),
        (with("/metrics", json!({"BANANA": {"samples": [1.0]}})), "BANANA"),
        (with("/metrics", json!({})), "measured"),
        (with("/colour", json!("red")), "colour"),
        (json!([]), "runs"),
        (with("/started_at", json!("9999-12-31T00:00:00Z")), "started_at"),
        (with("/metrics/ERROR_RATE", json!({"samples": [0.0]})), "ERROR_RATE"),
        (with(samples, json!([0.1, 0.1, 0.1, 0.1])), "TTFT"),
    ] {
        let message = refused(&service, &run, 422);
        assert!(message.contains(field), "{field}: {message}");
    }
    assert_eq!(service.get("/api/v1/runs").data(), json!([]), "nothing is stored");
}

#[test]
fn one_bad_run_and_none_is_stored() {
    let service = Service::empty();
    let mut bad = a_run("bad", 0.2);
    bad["metrics"]["TTFT"]["samples"] = json!([-1.0]);
    let message = refused(&service, &json!([a_run("good", 0.1), bad]), 422);
    assert!(message.starts_with("[1]."), "the second run is named: {message}");
    assert_eq!(service.get("/api/v1/runs").data(), json!([]));
}

#[test]
fn what_is_no_json_is_refused() {
    let service = Service::empty();
    let post = |body: &[u8]| service.post("application/json", body, &[]);
    for body in [
        &b""[..],
        b"{",
        b"\xff\xfe",
        b"{\"llm_name\": NaN}",
        b"[1,2",
        b"{\"a\":1}{\"b\":2}",
        "[".repeat(100_000).as_bytes(),
    ] {
        post(body).refusal(400);
    }
    service.post("application/json", b"5", &[]).refusal(422);
    service.post("text/csv", b"a,b", &[]).refusal(415);
    service.post("application/json", b"[]", &[("Content-Encoding", "zstd")]).refusal(415);
}

#[test]
fn the_service_stays_small_whatever_is_sent() {
    let service = Service::empty();
    service.post_run(&a_run("x", 0.2)).data();
    let before = resident_kib(&service);
    let six_megabytes = vec![b' '; 6_000_000];
    service.post("application/json", &six_megabytes, &[]).refusal(413);
    let bomb = gzip_of_zeros(1_000_000_000);
    assert!(bomb.len() < 2_000_000, "a bomb is small");
    service.post("application/json", &bomb, &[("Content-Encoding", "gzip")]).refusal(413);
    let run = a_run("many", 0.2);
    let many = Value::from(vec![run.clone(); 5000]);
    assert!(refused(&service, &many, 422).contains("1000"));
    let mut unknown = run;
    for n in 0..50_000 {
        unknown["metrics"][format!("M{n}")] = json!({"samples": [1]});
    }
    assert!(refused(&service, &unknown, 422).contains("metrics"));
    let grown = resident_kib(&service).saturating_sub(before);
    // A body of 5 MiB is read into values before they can be counted.
    assert!(grown < 64 * 1024, "{grown} KiB more");
}

fn resident_kib(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.process_id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn gzip_of_zeros(bytes: u64) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::repeat(b'0').take(bytes), &mut encoder).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bytes_that_are_no_http_do_no_harm() {
    let service = Service::empty();
    let huge = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(500_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(10_000));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        huge.as_bytes(),
        many.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(service.address()).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        // The service may hang up before it has taken everything.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let status = String::from_utf8_lossy(&answer).lines().next().map(str::to_owned);
        assert!(!status.unwrap_or_default().contains(" 5"), "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(service.get_with("/health/live", &[]).status, 200);
    assert!(!service.log().contains("panicked"));
}

#[test]
fn unknown_paths_share_one_label() {
    let service = Service::empty();
    for n in 0..300 {
        service.get(&format!("/api/v1/benchmark/x{n}/y{n}"));
    }
    let metrics = service.get_with("/metrics", &[]).text();
    assert!(!metrics.contains("x299"), "{metrics}");
    let requests = metrics.lines().filter(|line| line.contains("requests_total{"));
    assert!(requests.count() < 20, "{metrics}");
}
