//! Spans on their way to a collector, which may be away or never answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::service::{KEY, Service};

/// A collector on a port of its own, for as long as the process runs.
struct Collector {
    url: String,
    /// Each with the name of the service that it is of.
    spans: Receiver<(String, Span)>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, spans) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || collect(&stream.unwrap(), &sender));
            }
        });
        Self { url, spans }
    }

    /// The next span of this trace.
    fn next(&self, trace: &str) -> (String, Span) {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            let left = patience.saturating_duration_since(Instant::now());
            let (service, span) = self.spans.recv_timeout(left).expect("a span in time");
            if hex(&span.trace_id) == trace {
                return (service, span);
            }
        }
    }
}

/// Answers whoever sends spans, until they hang up.
fn collect(mut stream: &TcpStream, spans: &Sender<(String, Span)>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut head) = (String::new(), Vec::new());
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            head.push(std::mem::take(&mut line).to_lowercase());
        }
        let Some(first) = head.first() else { return };
        assert!(first.starts_with("post /v1/traces "), "{first}");
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.trim().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let sent = ExportTraceServiceRequest::decode(&body[..]).unwrap();
        for of_service in sent.resource_spans {
            let resource = of_service.resource.unwrap();
            let name = resource.attributes.iter().find(|it| it.key == "service.name").unwrap();
            let Some(Value::StringValue(name)) = name.value.clone().unwrap().value else {
                panic!("{name:?}")
            };
            for span in of_service.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                // Nobody listens any more once the test has what it wants.
                _ = spans.send((name.clone(), span));
            }
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\
                      Content-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn traced(collector: &str) -> Service {
    Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector).env("OTEL_BSP_SCHEDULE_DELAY", "50");
    })
}

const PARENT: &str = "00f067aa0ba902b7";

fn ask(service: &Service, trace: &str, flags: &str) -> u16 {
    let traceparent = format!("00-{trace}-{PARENT}-{flags}");
    let headers = [("X-API-Key", KEY), ("traceparent", &traceparent)];
    service.get_with("/api/v1/benchmark/TTFT", &headers).status
}

#[test]
fn a_request_is_a_span_in_its_callers_trace_and_what_it_asks_for_are_spans_in_it() {
    let collector = Collector::start();
    let service = traced(&collector.url);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(ask(&service, trace, "01"), 200);
    let mut spans = Vec::new();
    let request = loop {
        let (name, span) = collector.next(trace);
        assert_eq!(name, "benchmark-api");
        if hex(&span.parent_span_id) == PARENT {
            break span;
        }
        spans.push(span);
    };
    assert_eq!(request.name, "GET /api/v1/benchmark/{metric}");
    let status = request.attributes.iter().find(|it| it.key == "http.response.status_code");
    let status = status.unwrap().value.clone().unwrap().value;
    assert_eq!(status, Some(Value::IntValue(200)));
    // What is within it ended before it did.
    let cache = spans.iter().find(|span| span.name == "cache").unwrap();
    assert_eq!(cache.parent_span_id, request.span_id);
    let store = spans.iter().find(|span| span.name == "store").unwrap();
    assert_eq!(store.parent_span_id, cache.span_id);
    assert!(!service.log().contains("otel."), "no span is in the log");
}

#[test]
fn a_trace_that_its_caller_does_not_record_is_not_sent() {
    let collector = Collector::start();
    let service = traced(&collector.url);
    let (unsampled, sampled) = ("a".repeat(32), "b".repeat(32));
    assert_eq!(ask(&service, &unsampled, "00"), 200);
    assert_eq!(ask(&service, &sampled, "01"), 200);
    loop {
        let (_, span) = collector.spans.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_ne!(hex(&span.trace_id), unsampled);
        if hex(&span.parent_span_id) == PARENT {
            break;
        }
    }
}

#[test]
fn a_collector_that_is_away_or_never_answers_costs_no_request() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = (silent.local_addr().unwrap(), silent);
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [silent.0, away] {
        let mut service = traced(&format!("http://{address}"));
        let begun = Instant::now();
        // More than wait to be sent.
        for _ in 0..3000 {
            assert_eq!(ask(&service, &"b".repeat(32), "01"), 200);
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        service.signal("TERM");
        let begun = Instant::now();
        assert_eq!(service.wait().code(), Some(0));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
