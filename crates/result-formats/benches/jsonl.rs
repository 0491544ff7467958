//! What reading lines costs: a run of aiperf, one line for each request of 150
//! tokens, imported whole, against what serde_json alone needs for the same
//! fields of the same bytes, and SHA-256 for their digest.

use std::fmt::Write;
use std::hint::black_box;

use benchmark_domain::{LlmName, Timestamp, WorkloadSlug};
use benchmark_result_formats::{Format, Hints, ResultFile};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use sha2::{Digest, Sha256};

const REQUESTS: u64 = 4_000;
const TOKENS: u64 = 150;

/// The lines as the tool writes them, with gaps that differ.
fn lines() -> String {
    let mut lines = String::new();
    for request in 0..REQUESTS {
        let start = 1_767_268_800_000_000_000 + request * 10_000_000;
        let ttft = 200.0 + (request % 97) as f64 * 1.137;
        let gaps: Vec<_> =
            (1..TOKENS).map(|n| 18.0 + ((request * 31 + n * 17) % 113) as f64 * 0.041_7).collect();
        let latency = ttft + gaps.iter().sum::<f64>();
        let end = start + (latency * 1e6) as u64;
        write!(
            lines,
            r#"{{"metadata": {{"session_num": {request}, "x_request_id": "req-{request}", "conversation_id": "conv-{request}", "turn_index": 0, "request_start_ns": {start}, "request_ack_ns": {start}, "request_end_ns": {end}, "worker_id": "worker_0", "record_processor_id": "rp_0", "benchmark_phase": "profiling", "was_cancelled": false, "cancellation_time_ns": null}}, "metrics": {{"input_sequence_length": {{"value": 550, "unit": "tokens"}}, "output_token_count": {{"value": {TOKENS}, "unit": "tokens"}}, "output_sequence_length": {{"value": {TOKENS}, "unit": "tokens"}}, "time_to_first_token": {{"value": {ttft}, "unit": "ms"}}, "request_latency": {{"value": {latency}, "unit": "ms"}}, "inter_token_latency": {{"value": 20.0, "unit": "ms"}}, "inter_chunk_latency": {{"value": {gaps:?}, "unit": "ms"}}, "output_token_throughput_per_user": {{"value": 50.0, "unit": "tokens/sec/user"}}}}, "error": null}}"#
        )
        .expect("a string takes it");
        lines.push('\n');
    }
    lines
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what the importer reads, to be read without it")]
struct Record {
    metadata: Metadata,
    metrics: Metrics,
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what the importer reads, to be read without it")]
struct Metadata {
    request_start_ns: Option<u64>,
    request_end_ns: Option<u64>,
    benchmark_phase: Option<Phase>,
    was_cancelled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Profiling,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what the importer reads, to be read without it")]
struct Metrics {
    time_to_first_token: Option<Figure<f64>>,
    request_latency: Option<Figure<f64>>,
    output_sequence_length: Option<Figure<f64>>,
    inter_chunk_latency: Option<Figure<Vec<f64>>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what the importer reads, to be read without it")]
struct Figure<T> {
    value: T,
    unit: Unit,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Ms,
    Tokens,
}

fn jsonl(c: &mut Criterion) {
    let lines = lines();
    let hints = Hints {
        llm: LlmName::parse("m").ok(),
        workload: WorkloadSlug::parse("chat").ok(),
        started_at: Timestamp::from_timestamp_secs(1_767_268_800),
        ..Hints::default()
    };
    let mut group = c.benchmark_group("jsonl");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(lines.len() as u64));
    group.bench_function("import", |b| {
        b.iter(|| {
            let mut file = ResultFile::new("profile_export.jsonl", lines.as_bytes());
            let format = Format::recognise(&mut file).expect("aiperf's");
            black_box(format.read(file, None, &hints).expect("a run"))
        });
    });
    group.bench_function("serde_json alone", |b| {
        b.iter(|| {
            for line in lines.lines() {
                let record: Record = serde_json::from_str(line).expect("a record");
                black_box(record);
            }
        });
    });
    group.bench_function("SHA-256 alone", |b| b.iter(|| Sha256::digest(black_box(&lines))));
    group.finish();
}

criterion_group!(benches, jsonl);
criterion_main!(benches);
