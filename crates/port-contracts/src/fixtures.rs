//! Runs, publications and keys for tests, in a line each.
//!
//! ```
//! use benchmark_port_contracts::fixtures::{a_run, at};
//!
//! let run = a_run().llm("swift").provider("groq").started(at(60)).ttft(&[0.2, 0.3]).build();
//! assert_eq!(run.llm.to_string(), "swift (groq)");
//! ```

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use benchmark_domain::chrono::{DateTime, TimeDelta};
use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    Conditions, EntryId, Llm, LlmName, Measurement, Metric, MetricName, Provenance, Provider,
    Quantiles, ReportedSummary, Requests, Run, RunMeasurement, RunParts, Source, Summary,
    Timestamp, Tool, Workload, WorkloadSlug, metrics,
};
use benchmark_domain::{Direction, RankingScope, Unit};
use benchmark_ports::{ApiKey, ApiKeyId, KeyHash, PageLimit, Scope, Scopes};

/// So many seconds after an arbitrary moment with microseconds to lose.
pub fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_750_000_000, 123_456_000).unwrap() + TimeDelta::seconds(seconds)
}

/// An LLM of this name, whose provider nobody knows.
pub fn llm(name: &str) -> Llm {
    Llm { name: LlmName::parse(name).unwrap(), provider: None }
}

/// An LLM at a provider.
pub fn llm_at(name: &str, provider: &str) -> Llm {
    Llm { provider: Some(Provider::parse(provider).unwrap()), ..llm(name) }
}

/// A workload's slug.
pub fn slug(text: &str) -> WorkloadSlug {
    WorkloadSlug::parse(text).unwrap()
}

/// What a ranking of a metric on the workload `default` is of.
pub fn scope_of(metric: MetricName) -> RankingScope {
    RankingScope { metric, workload: WorkloadSlug::default() }
}

/// TTFT on the workload `default`: the scope of [`a_run`].
pub fn ttft() -> RankingScope {
    scope_of(metrics::TTFT)
}

/// A page of so many items.
pub fn page(items: u64) -> PageLimit {
    PageLimit::new(items).unwrap()
}

/// A metric of an operator's own.
pub fn a_metric(name: &str) -> Metric {
    Metric::new(
        MetricName::parse(name).unwrap(),
        Unit::parse("J/token").unwrap(),
        Direction::LowerIsBetter,
        "Energy drawn per output token.",
    )
    .unwrap()
}

/// Conditions that say everything conditions can say.
pub fn full_conditions() -> Conditions {
    let labels = [("quantisation", "fp8"), ("\"übung\"", "日本語")];
    Conditions {
        input_tokens: Some(550),
        output_tokens: Some(u32::MAX),
        concurrency: Some(0),
        request_rate: Some(0.1 + 0.2),
        region: Some("eu-central-1".to_owned()),
        labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    }
}

/// A tool's figures of which every one is known, of 3 samples.
pub fn full_figures() -> ReportedSummary {
    ReportedSummary {
        mean: 1.0 / 3.0,
        count: Some(3),
        standard_deviation: Some(1e-9),
        min: Some(0.0),
        max: Some(1e12),
        quantiles: Quantiles { p50: Some(0.3), p90: Some(0.9), p95: Some(1.5), p99: Some(9.9) },
    }
}

/// A key with an expiry, not revoked; `seed` makes its id and its hash.
pub fn a_key(seed: u8) -> ApiKey {
    ApiKey {
        id: ApiKeyId(Uuid::from_u128(seed.into())),
        hash: KeyHash([seed; 32]),
        scopes: [Scope::Read, Scope::Write].into_iter().collect::<Scopes>(),
        owner: "Zoë's \"router\"".to_owned(),
        created_at: at(0),
        expires_at: Some(at(3600)),
        revoked_at: None,
        last_used_at: None,
    }
}

/// An id that no other entry of this process has.
pub fn entry_id() -> EntryId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    EntryId(Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()))
}

/// What a run says about a metric, as a ranking looks at it.
pub fn measured(run: &Run, metric: &MetricName) -> RunMeasurement {
    RunMeasurement::of(run, metric).unwrap()
}

/// Begins a run of the LLM `llm` on the workload `default`, pushed, started at
/// `at(0)`, 4 requests of which none failed. Unless something else is measured
/// or every request failed, its TTFT was 0.1, 0.2 and 0.3 s.
pub fn a_run() -> RunBuilder {
    RunBuilder(RunParts {
        llm: llm("llm"),
        workload: Workload::default(),
        source: Source::Push,
        started_at: at(0),
        tool: None,
        requests: Requests::all_successful(4),
        measurements: BTreeMap::new(),
        provenance: None,
    })
}

/// Begins the same with first tokens that came after no time at all: no ranking
/// takes it.
pub fn an_unrankable_run() -> RunBuilder {
    a_run().ttft(&[0.0, 0.0, 0.0])
}

/// A run in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct RunBuilder(RunParts);

impl RunBuilder {
    /// Names the LLM; its provider is unknown until it is named.
    pub fn llm(mut self, name: &str) -> Self {
        self.0.llm = llm(name);
        self
    }

    /// Names the provider.
    pub fn provider(mut self, provider: &str) -> Self {
        self.0.llm.provider = Some(Provider::parse(provider).unwrap());
        self
    }

    /// Names the workload; nothing else is known of it.
    pub fn workload(mut self, text: &str) -> Self {
        self.0.workload.slug = slug(text);
        self
    }

    /// Says what the workload asks of an endpoint.
    pub fn conditions(mut self, conditions: Conditions) -> Self {
        self.0.workload.conditions = conditions;
        self
    }

    /// Says when the run started.
    pub fn started(mut self, at: Timestamp) -> Self {
        self.0.started_at = at;
        self
    }

    /// Says where the run came from.
    pub fn source(mut self, source: Source) -> Self {
        self.0.source = source;
        self
    }

    /// Says how many requests were sent and how many failed. Should a metric
    /// have more samples than requests succeeded, more were sent.
    pub fn requests(mut self, attempted: u64, failed: u64) -> Self {
        self.0.requests = Requests::new(attempted, failed).unwrap();
        self
    }

    /// Names the tool that measured.
    pub fn tool(mut self, name: &str, version: Option<&str>) -> Self {
        self.0.tool = Some(Tool::parse(name, version).unwrap());
        self
    }

    /// Names the file that the run was read from.
    pub fn file(mut self, name: &str) -> Self {
        self.0.provenance = Some(Provenance {
            sha256: [0xA5; 32],
            file_name: name.to_owned(),
            importer_version: "0.1.0".to_owned(),
        });
        self
    }

    /// Adds samples of TTFT, in seconds.
    pub fn ttft(self, samples: &[f64]) -> Self {
        self.samples(metrics::TTFT, samples)
    }

    /// Adds samples of a metric.
    pub fn samples(mut self, metric: MetricName, samples: &[f64]) -> Self {
        let summary = Summary::from_samples(samples).unwrap();
        self.0.measurements.insert(metric, Measurement::sampled(summary).unwrap());
        self
    }

    /// Adds a tool's own figures of a metric.
    pub fn reported(mut self, metric: MetricName, figures: ReportedSummary) -> Self {
        self.0.measurements.insert(metric, Measurement::reported(figures).unwrap());
        self
    }

    /// Says that every request failed, and nothing was measured therefore.
    pub fn nothing(mut self) -> Self {
        self.0.measurements.clear();
        let attempted = self.0.requests.attempted();
        self.requests(attempted, attempted)
    }

    /// The run.
    pub fn build(self) -> Run {
        let (attempted, failed) = (self.0.requests.attempted(), self.0.requests.failed());
        let by_default = self.0.measurements.is_empty() && failed < attempted;
        let Self(mut parts) = if by_default { self.ttft(&[0.1, 0.2, 0.3]) } else { self };
        let samples = parts.measurements.values().filter_map(Measurement::count).max();
        let attempted = attempted.max(failed + samples.unwrap_or(0));
        parts.requests = Requests::new(attempted, failed).unwrap();
        Run::new(parts).unwrap()
    }
}
