use std::collections::BTreeMap;

use benchmark_domain::{
    Conditions, LlmName, Measurement, MetricName, Provider, Quantiles, ReportedSummary, Requests,
    Timestamp, Tool, metrics,
};
use serde::Deserialize;

use super::individual::Tally;
use super::tool;
use crate::header::Header;
use crate::json::parse;
use crate::number::{self, Number};
use crate::refusal::{Problem, Refusal};
use crate::result_file::ResultFile;

/// A summary file.
pub(super) struct Summary<'a> {
    file: &'a ResultFile<'a>,
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
    pub(super) fn read(file: &'a ResultFile<'a>) -> Result<Self, Refusal> {
        let fields = parse(file.bytes).map_err(|problem| file.refuse(problem))?;
        Ok(Self { file, fields })
    }

    /// Who, on what and when.
    pub(super) fn header(&self) -> Header {
        Header {
            provider: self.refused(self.fields.provider()),
            llm: self.refused(self.fields.llm()),
            started_at: self.refused(self.fields.written_at()),
            conditions: self.refused(self.fields.conditions()),
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
        tally: &Tally,
        individual: &ResultFile<'_>,
    ) -> Result<(), Refusal> {
        let refuse = |mismatch: std::fmt::Arguments<'_>| {
            let other = format_args!("it is of another run than {}", individual.path);
            Err(self.file.refuse(Problem::at(other, mismatch)))
        };
        let theirs = self.requests()?;
        if (theirs.attempted(), theirs.failed()) != (tally.attempted, tally.marked_failures) {
            return refuse(format_args!(
                "it tells of {} failed in {} requests, not of {} in {}",
                theirs.failed(),
                theirs.attempted(),
                tally.marked_failures,
                tally.attempted
            ));
        }
        match known(self.fields.results_ttft_s_mean).zip(tally.mean_ttft_as_the_tool_has_it()) {
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
    fn provider(&self) -> Result<Option<Provider>, Problem> {
        let provider = self.provider.as_deref().map(Provider::parse).transpose();
        provider.map_err(|invalid| Problem::at("provider", invalid))
    }

    fn llm(&self) -> Result<Option<LlmName>, Problem> {
        let model = self.model.as_deref().map(LlmName::parse).transpose();
        model.map_err(|invalid| Problem::at("model", invalid))
    }

    fn written_at(&self) -> Result<Option<Timestamp>, Problem> {
        self.timestamp.map(|time| number::unix_time("timestamp", Some(time))).transpose()
    }

    fn conditions(&self) -> Result<Conditions, Problem> {
        let whole = |field, number: Option<Number>| {
            let Some(number) = number else { return Ok(None) };
            let count = number::count(field, Some(number))?;
            let count = u32::try_from(count).map_err(|_| Problem::at(field, "it is too large"))?;
            Ok(Some(count))
        };
        Ok(Conditions {
            input_tokens: whole("mean_input_tokens", self.mean_input_tokens)?,
            output_tokens: whole("mean_output_tokens", self.mean_output_tokens)?,
            concurrency: whole("num_concurrent_requests", self.num_concurrent_requests)?,
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
        Requests::new(started, errors).filter(|_| errors + completed == started).ok_or_else(|| {
            let what =
                format_args!("{completed} and {errors} failed are not the {started} started");
            Problem::at(COMPLETED, what)
        })
    }

    fn throughput(&self) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let figures = [
            (
                metrics::SYSTEM_TPS,
                "results_mean_output_throughput_token_per_s",
                self.results_mean_output_throughput_token_per_s,
                1.0,
            ),
            (
                metrics::RPS,
                "results_num_completed_requests_per_min",
                self.results_num_completed_requests_per_min,
                60.0,
            ),
        ];
        let mut measurements = BTreeMap::new();
        for (metric, field, number, divisor) in figures {
            if let Some(number) = known(number) {
                let mean = number::sample(field, Some(number))? / divisor;
                let once = ReportedSummary { count: Some(1), ..ReportedSummary::of_mean(mean) };
                measurements.insert(metric, reported(field, once)?);
            }
        }
        Ok(measurements)
    }

    fn latencies(&self, requests: Requests) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let completed = requests.attempted() - requests.failed();
        if completed == 0 {
            return Ok(BTreeMap::new());
        }
        let ttft = Statistics {
            prefix: "results_ttft_s",
            mean: self.results_ttft_s_mean,
            stddev: self.results_ttft_s_stddev,
            min: self.results_ttft_s_min,
            max: self.results_ttft_s_max,
            p50: self.results_ttft_s_quantiles_p50,
            p90: self.results_ttft_s_quantiles_p90,
            p95: self.results_ttft_s_quantiles_p95,
            p99: self.results_ttft_s_quantiles_p99,
        };
        let e2e_latency = Statistics {
            prefix: "results_end_to_end_latency_s",
            mean: self.results_end_to_end_latency_s_mean,
            stddev: self.results_end_to_end_latency_s_stddev,
            min: self.results_end_to_end_latency_s_min,
            max: self.results_end_to_end_latency_s_max,
            p50: self.results_end_to_end_latency_s_quantiles_p50,
            p90: self.results_end_to_end_latency_s_quantiles_p90,
            p95: self.results_end_to_end_latency_s_quantiles_p95,
            p99: self.results_end_to_end_latency_s_quantiles_p99,
        };
        Ok(BTreeMap::from([
            (metrics::TTFT, ttft.measurement(completed)?),
            (metrics::E2E_LATENCY, e2e_latency.measurement(completed)?),
        ]))
    }
}

/// The statistics of one quantity.
struct Statistics {
    prefix: &'static str,
    mean: Option<Number>,
    stddev: Option<Number>,
    min: Option<Number>,
    max: Option<Number>,
    p50: Option<Number>,
    p90: Option<Number>,
    p95: Option<Number>,
    p99: Option<Number>,
}

impl Statistics {
    fn measurement(&self, count: u64) -> Result<Measurement, Problem> {
        let figure = |name: &str, number: Option<Number>| {
            let field = format!("{}_{name}", self.prefix);
            known(number).map(|number| number::sample(&field, Some(number))).transpose()
        };
        let min = figure("min", self.min)?;
        if min == Some(0.0) {
            return Err(Problem::at(
                format_args!("{}_min", self.prefix),
                "0 is no latency, so requests that brought nothing are counted as completed; \
                 import the individual file, which tells them apart",
            ));
        }
        let mean = figure("mean", self.mean)?
            .ok_or_else(|| Problem::at(format_args!("{}_mean", self.prefix), "it is missing"))?;
        let figures = ReportedSummary {
            mean,
            count: Some(count),
            standard_deviation: figure("stddev", self.stddev)?,
            min,
            max: figure("max", self.max)?,
            quantiles: Quantiles {
                p50: figure("quantiles_p50", self.p50)?,
                p90: figure("quantiles_p90", self.p90)?,
                p95: figure("quantiles_p95", self.p95)?,
                p99: figure("quantiles_p99", self.p99)?,
            },
        };
        reported(self.prefix, figures)
    }
}

/// A statistic, unless it is one of too few requests, which pandas has as NaN.
fn known(number: Option<Number>) -> Option<Number> {
    number.filter(|Number(value)| !value.is_nan())
}

fn reported(field: &str, figures: ReportedSummary) -> Result<Measurement, Problem> {
    Measurement::reported(figures).map_err(|invalid| Problem::at(field, invalid))
}
