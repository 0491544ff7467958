use std::collections::BTreeMap;

use benchmark_domain::{Conditions, Measurement, MetricName, Requests, Timestamp, Tool, metrics};
use serde::Deserialize;

use super::individual::Individual;
use super::tool;
use crate::figures;
use crate::header::{self, Header, Lengths};
use crate::json::{self, Place};
use crate::number::{self, Number};
use crate::refusal::{Problem, Refusal};
use crate::result_file::{FileName, ResultFile};
use crate::statistics::{self, Deviation, Reading, Statistics, known, once};
use crate::unit::Unit;

/// A summary file.
pub(super) struct Summary<'a> {
    pub(super) file: ResultFile<'a>,
    fields: Fields,
}

/// The fields that are of use. Integers of numpy's come as text.
#[derive(Deserialize)]
#[serde(expecting = "a summary object")]
struct Fields {
    version: Option<String>,
    model: Option<String>,
    /// Not the tool's, but what users call it in their metadata.
    provider: Option<String>,
    timestamp: Option<Number>,
    mean_input_tokens: Option<Number>,
    mean_output_tokens: Option<Number>,
    num_concurrent_requests: Option<Number>,

    results_num_requests_started: Option<Number>,
    results_number_errors: Option<Number>,
    results_num_completed_requests: Option<Number>,
    results_num_completed_requests_per_min: Option<Number>,
    results_mean_output_throughput_token_per_s: Option<Number>,

    results_ttft_s_mean: Option<Number>,
    results_ttft_s_stddev: Option<Number>,
    results_ttft_s_min: Option<Number>,
    results_ttft_s_max: Option<Number>,
    results_ttft_s_quantiles_p50: Option<Number>,
    results_ttft_s_quantiles_p90: Option<Number>,
    results_ttft_s_quantiles_p95: Option<Number>,
    results_ttft_s_quantiles_p99: Option<Number>,

    results_end_to_end_latency_s_mean: Option<Number>,
    results_end_to_end_latency_s_stddev: Option<Number>,
    results_end_to_end_latency_s_min: Option<Number>,
    results_end_to_end_latency_s_max: Option<Number>,
    results_end_to_end_latency_s_quantiles_p50: Option<Number>,
    results_end_to_end_latency_s_quantiles_p90: Option<Number>,
    results_end_to_end_latency_s_quantiles_p95: Option<Number>,
    results_end_to_end_latency_s_quantiles_p99: Option<Number>,
}

impl<'a> Summary<'a> {
    pub(super) fn read(mut file: ResultFile<'a>) -> Result<Self, Refusal> {
        let fields = file.content.rest().and_then(|bytes| json::parse(bytes, Place::Whole));
        match fields {
            Ok(fields) => Ok(Self { file, fields }),
            Err(problem) => Err(file.refuse(problem)),
        }
    }

    /// Who, on what and when.
    pub(super) fn header(&self) -> Header {
        Header {
            of: self.file.name.clone(),
            provider: header::provider("provider", self.fields.provider.as_deref()),
            llm: header::llm("model", self.fields.model.as_deref()),
            started_at: self.fields.written_at(),
            conditions: self.fields.conditions(),
            lengths: Lengths::Requested,
        }
    }

    pub(super) fn tool(&self) -> Result<Tool, Refusal> {
        self.refused(tool(self.fields.version.as_deref()))
    }

    pub(super) fn requests(&self) -> Result<Requests, Refusal> {
        self.refused(self.fields.requests())
    }

    /// The throughput of the whole system, which is measured once per run.
    pub(super) fn throughput(&self) -> Result<BTreeMap<MetricName, Measurement>, Refusal> {
        self.refused(self.fields.throughput())
    }

    /// The tool's own statistics of the latencies, if any request completed.
    pub(super) fn latencies(
        &self,
        requests: Requests,
    ) -> Result<BTreeMap<MetricName, Measurement>, Refusal> {
        self.refused(self.fields.latencies(requests))
    }

    /// Refuses a summary that is of other requests than the records of
    /// `individual`: a later run may have overwritten one of the two files, and
    /// then model, time and throughput would be those of something else.
    pub(super) fn check_against(
        &self,
        records: &Individual,
        individual: &FileName,
    ) -> Result<(), Refusal> {
        let refuse = |mismatch: std::fmt::Arguments<'_>| {
            let other = format_args!("it is of another run than {}", individual.path());
            Err(self.file.refuse(Problem::at(other, mismatch)))
        };
        let theirs = self.requests()?;
        let ours = (records.tally.attempted(), records.marked_failures);
        if (theirs.attempted(), theirs.failed()) != ours {
            return refuse(format_args!(
                "it tells of {} failed in {} requests, not of {} in {}",
                theirs.failed(),
                theirs.attempted(),
                ours.1,
                ours.0
            ));
        }
        match known(self.fields.results_ttft_s_mean).zip(records.mean_ttft_as_the_tool_has_it()) {
            Some((Number(theirs), ours)) if (theirs - ours).abs() > 1e-3 * ours.abs() => {
                refuse(format_args!("it tells of a mean ttft_s of {theirs}, not of {ours}"))
            }
            _ => Ok(()),
        }
    }

    fn refused<T>(&self, result: Result<T, Problem>) -> Result<T, Refusal> {
        result.map_err(|problem| self.file.refuse(problem))
    }
}

impl Fields {
    fn written_at(&self) -> Result<Option<Timestamp>, Problem> {
        self.timestamp.map(|time| number::unix_time("timestamp", Some(time))).transpose()
    }

    fn conditions(&self) -> Result<Conditions, Problem> {
        Ok(Conditions {
            input_tokens: number::rounded("mean_input_tokens", self.mean_input_tokens)?,
            output_tokens: number::rounded("mean_output_tokens", self.mean_output_tokens)?,
            concurrency: number::rounded("num_concurrent_requests", self.num_concurrent_requests)?,
            ..Conditions::default()
        })
    }

    /// The tool's counts, if they add up.
    fn requests(&self) -> Result<Requests, Problem> {
        const COMPLETED: &str = "results_num_completed_requests";
        let started =
            number::count("results_num_requests_started", self.results_num_requests_started)?;
        let errors = number::count("results_number_errors", self.results_number_errors)?;
        let completed = number::count(COMPLETED, self.results_num_completed_requests)?;
        figures::requests_sent(COMPLETED, started, completed, errors)
    }

    fn throughput(&self) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let per_minute = self.results_num_completed_requests_per_min;
        once([
            (
                metrics::SYSTEM_TPS,
                "results_mean_output_throughput_token_per_s",
                self.results_mean_output_throughput_token_per_s,
            ),
            (
                metrics::RPS,
                "results_num_completed_requests_per_min",
                per_minute.map(|Number(per_minute)| Number(per_minute / 60.0)),
            ),
        ])
    }

    fn latencies(&self, requests: Requests) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let completed = requests.succeeded();
        if completed == 0 {
            return Ok(BTreeMap::new());
        }
        let ttft = Statistics {
            unit: None,
            mean: self.results_ttft_s_mean,
            deviation: self.results_ttft_s_stddev,
            min: self.results_ttft_s_min,
            max: self.results_ttft_s_max,
            p50: self.results_ttft_s_quantiles_p50,
            p90: self.results_ttft_s_quantiles_p90,
            p95: self.results_ttft_s_quantiles_p95,
            p99: self.results_ttft_s_quantiles_p99,
        };
        let e2e_latency = Statistics {
            unit: None,
            mean: self.results_end_to_end_latency_s_mean,
            deviation: self.results_end_to_end_latency_s_stddev,
            min: self.results_end_to_end_latency_s_min,
            max: self.results_end_to_end_latency_s_max,
            p50: self.results_end_to_end_latency_s_quantiles_p50,
            p90: self.results_end_to_end_latency_s_quantiles_p90,
            p95: self.results_end_to_end_latency_s_quantiles_p95,
            p99: self.results_end_to_end_latency_s_quantiles_p99,
        };
        let quantities = [
            (metrics::TTFT, "results_ttft_s", ttft),
            (metrics::E2E_LATENCY, "results_end_to_end_latency_s", e2e_latency),
        ];
        let reading = Reading {
            deviation: Deviation::OfTheSample,
            ..Reading::of_requests(completed, Some(Unit::Seconds))
        };
        let mut latencies = BTreeMap::new();
        for (metric, field, of) in quantities {
            let measured = statistics::measurements([(metric, field, Some(of))], reading)?;
            if measured.is_empty() {
                return Err(Problem::at(format_args!("{field}: mean"), "it is missing"));
            }
            latencies.extend(measured);
        }
        Ok(latencies)
    }
}
