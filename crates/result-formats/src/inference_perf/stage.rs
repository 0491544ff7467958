use std::collections::BTreeMap;

use benchmark_domain::{Conditions, Measurement, MetricName, Requests};
use serde::Deserialize;

use super::tool;
use crate::content::Content;
use crate::figures::{self, Figures};
use crate::header::{self, Header};
use crate::json::{self, Place};
use crate::number::{self, Number};
use crate::refusal::Problem;
use crate::report::Report;
use crate::result_file::FileName;
use crate::statistics::Statistics;
use crate::unit::Unit;

/// The statistics of a stage, or of all together.
#[derive(Deserialize)]
#[serde(expecting = "the statistics of a run")]
struct Document {
    load_summary: Load,
    successes: Successes,
    failures: Failures,
}

#[derive(Deserialize)]
struct Load {
    /// Only of a stage.
    requested_rate: Option<Number>,
    /// Only of a stage that kept so many requests in flight.
    concurrency: Option<Number>,
}

#[derive(Deserialize)]
struct Successes {
    count: Option<Number>,
    latency: Option<Latency>,
    throughput: Option<Throughput>,
    #[serde(alias = "prompt_len")]
    prompt_tokens: Option<Statistics>,
    output_len: Option<Statistics>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Latency {
    request_latency: Option<Statistics>,
    time_to_first_token: Option<Statistics>,
    time_per_output_token: Option<Statistics>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Throughput {
    output_tokens_per_sec: Option<Number>,
    requests_per_sec: Option<Number>,
}

#[derive(Deserialize)]
struct Failures {
    count: Option<Number>,
}

pub(super) fn report(
    content: &mut Content<'_>,
    file: &FileName,
    notes: &mut Vec<String>,
) -> Result<Report, Problem> {
    let document: Document = json::parse(content.rest()?, Place::Whole)?;
    let requests = document.requests()?;
    notes.extend(LEFT_OUT.map(str::to_owned));
    let header = Header { conditions: document.conditions(), ..Header::silent(file.clone()) };
    let measurements = document.measurements(requests)?;
    Ok(Report { header, tool: tool()?, requests, measurements })
}

impl Document {
    fn requests(&self) -> Result<Requests, Problem> {
        let succeeded = number::count("successes: count", self.successes.count)?;
        let failed = number::count("failures: count", self.failures.count)?;
        figures::requests("successes: count", succeeded, failed)
    }

    fn conditions(&self) -> Result<Conditions, Problem> {
        let Load { requested_rate, concurrency } = self.load_summary;
        let whole = |field, length: Option<Statistics>| {
            length.map_or(Ok(None), |length| length.whole(field))
        };
        Ok(Conditions {
            input_tokens: whole("successes: prompt_tokens", self.successes.prompt_tokens)?,
            output_tokens: whole("successes: output_len", self.successes.output_len)?,
            concurrency: number::rounded("load_summary: concurrency", concurrency)?,
            request_rate: header::request_rate("load_summary: requested_rate", requested_rate)?,
            ..Conditions::default()
        })
    }

    fn measurements(
        &self,
        requests: Requests,
    ) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let throughput = self.successes.throughput.unwrap_or_default();
        let rate = |rate: Option<Number>, unit| rate.map(|rate| Statistics::once(rate, unit));
        let tokens = rate(throughput.output_tokens_per_sec, Unit::TokensPerSecond);
        let latency = self.successes.latency.unwrap_or_default();
        let figures = Figures {
            rps: ("requests_per_sec", rate(throughput.requests_per_sec, Unit::RequestsPerSecond)),
            system_tps: ("output_tokens_per_sec", tokens),
            ttft: ("time_to_first_token", latency.time_to_first_token),
            e2e_latency: ("request_latency", latency.request_latency),
            tpot: ("time_per_output_token", latency.time_per_output_token),
            least_output_tokens: self.successes.output_len.and_then(|length| length.min),
        };
        figures.measurements(requests, Some(Unit::Seconds))
    }
}

const LEFT_OUT: [&str; 3] = [
    header::MEASURED_LENGTHS,
    "TPS is left out: the file's normalized time per output token is not its inverse on average.",
    "ITL is left out: the file's is of tokens that the tool has spread over chunks.",
];
