//! Validators, compression and what every answer carries.

use std::io::Read;

use crate::service::{KEY, Service};

const TTFT: &str = "/api/v1/benchmark/TTFT";

#[test]
fn an_unchanged_ranking_is_a_304_until_something_is_recorded() {
    let service = Service::demo();
    let first = service.get(TTFT);
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"'), "a strong validator: {etag}");
    let again = service.get_with(TTFT, &[("X-API-Key", KEY), ("If-None-Match", &etag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), etag);

    service.post_run(&crate::service::a_run("new", 0.02)).data();
    let changed = service.get_with(TTFT, &[("X-API-Key", KEY), ("If-None-Match", &etag)]);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), etag);
}

#[test]
fn a_compressed_ranking_is_the_same_ranking_under_another_validator() {
    let service = Service::demo();
    let plain = service.get_with(TTFT, &[("X-API-Key", KEY), ("Accept-Encoding", "identity")]);
    for coding in ["gzip", "br"] {
        let answer = service.get_with(TTFT, &[("X-API-Key", KEY), ("Accept-Encoding", coding)]);
        assert_eq!(answer.header("content-encoding"), coding);
        assert!(answer.header("vary").to_lowercase().contains("accept-encoding"));
        assert_ne!(answer.header("etag"), plain.header("etag"));
        assert!(answer.body.len() < plain.body.len() / 2);
        if coding == "gzip" {
            let mut decoded = Vec::new();
            flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut decoded).unwrap();
            assert_eq!(decoded, plain.body);
        }
    }
}

#[test]
fn every_answer_has_a_request_id_and_security_headers() {
    let service = Service::empty();
    for path in ["/", "/health/live", "/api/v1/llms", "/nothing", "/docs", "/openapi.json"] {
        let answer = service.get(path);
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("content-security-policy").is_empty(), "{path}");
    }
    let mine = service.get_with("/", &[("X-Request-Id", "mine-1")]);
    assert_eq!(mine.header("x-request-id"), "mine-1");
    let forged = service.get_with("/", &[("X-Request-Id", "a b{}")]);
    assert_ne!(forged.header("x-request-id"), "a b{}");
}

#[test]
fn other_origins_are_let_in_only_where_configured() {
    let origin = [("Origin", "https://board.example"), ("X-API-Key", KEY)];
    let closed = Service::empty();
    assert_eq!(closed.get_with(TTFT, &origin).header("access-control-allow-origin"), "");
    let open = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("CORS_ALLOWED_ORIGINS", "https://board.example");
    });
    let answer = open.get_with(TTFT, &origin);
    assert_eq!(answer.header("access-control-allow-origin"), "https://board.example");
}

#[test]
fn metrics_tell_of_requests_cache_store_and_build() {
    let service = Service::demo();
    service.get(TTFT);
    service.get(TTFT);
    let metrics = service.get_with("/metrics", &[]).text();
    for expected in [
        "benchmark_build_info{version=",
        "benchmark_cache_requests_total{result=\"hit\",tier=\"process\"} 1",
        "benchmark_cache_requests_total{result=\"miss\",tier=\"process\"} 1",
        "benchmark_cache_age_seconds_count{tier=\"process\"} 1",
        "benchmark_rankings_published_total",
        "benchmark_store_duration_seconds_count{operation=\"current\"",
        "/api/v1/benchmark/{metric}",
    ] {
        assert!(metrics.contains(expected), "{expected} in {metrics}");
    }
}
