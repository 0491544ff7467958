//! inference-benchmarker (huggingface/inference-benchmarker).
//!
//! A document holds a result for each load: one run each, but the first,
//! `warmup`. Statistics are in milliseconds, without deviation or extremes.
//! `inter_token_latency_ms` is of each request the mean after the first token,
//! and zero of an answer that came in one chunk: no TPOT, but part of every
//! figure.

use std::collections::BTreeMap;

use benchmark_domain::{Conditions, Measurement, MetricName, Requests, Tool};
use serde::Deserialize;

use crate::figures::{self, Figures};
use crate::format::{Format, no_companions};
use crate::header::{self, Header, Labels};
use crate::json::{self, Place};
use crate::number::{self, Number};
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::{FileName, ResultFile};
use crate::statistics::Statistics;
use crate::time;
use crate::unit::Unit;

pub(crate) const FORMAT: Format =
    Format { name: "inference-benchmarker", recognises, companion_paths: no_companions, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    outline.is_object_with(&["config", "results", "system"])
}

fn read<'a>(mut file: ResultFile<'a>, _: Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let document = file.content.rest().and_then(|bytes| json::parse(bytes, Place::Whole));
    let runs = document.and_then(|document: Document| document.reports(&name));
    let runs = runs.map_err(|problem| name.refuse(problem))?;
    Ok(Reports { file, runs, notes: LEFT_OUT.map(str::to_owned).to_vec() })
}

#[derive(Deserialize)]
#[serde(expecting = "an inference-benchmarker report")]
struct Document {
    config: Config,
    results: Vec<Outcome>,
    start_time: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    model_name: Option<String>,
    prompt_options: Option<Lengths>,
    decode_options: Option<Lengths>,
    /// What users say of their run.
    meta: Option<Labels>,
}

#[derive(Deserialize)]
struct Lengths {
    num_tokens: Option<Number>,
}

/// A load and what came of it.
#[derive(Deserialize)]
#[serde(expecting = "the result of a load")]
struct Outcome {
    id: String,
    config: Load,
    total_requests: Option<Number>,
    failed_requests: Option<Number>,
    successful_requests: Option<Number>,
    token_throughput_secs: Option<Number>,
    request_rate: Option<Number>,
    time_to_first_token_ms: Option<Statistics>,
    e2e_latency_ms: Option<Statistics>,
}

#[derive(Deserialize)]
struct Load {
    max_vus: Option<Number>,
    rate: Option<Number>,
}

impl Document {
    fn reports(self, file: &FileName) -> Result<Vec<Report>, Problem> {
        let Self { config, results, start_time } = self;
        let mut reports = Vec::with_capacity(results.len());
        for result in results.into_iter().filter(|result| result.id != "warmup") {
            let report = result.report(&config, start_time.as_deref(), file);
            let place = format_args!("result {}", result.id);
            reports.push(report.map_err(|problem| problem.within(place))?);
        }
        Ok(reports)
    }
}

impl Outcome {
    fn report(
        &self,
        config: &Config,
        start_time: Option<&str>,
        file: &FileName,
    ) -> Result<Report, Problem> {
        let provider = config.meta.as_ref().and_then(Labels::provider);
        let header = Header {
            of: file.clone(),
            provider: header::provider("config: meta: provider", provider),
            llm: header::llm("config: model_name", config.model_name.as_deref()),
            // The start of all loads: those of the single ones are not told.
            started_at: time::zoned("start_time", start_time),
            conditions: self.conditions(config),
            lengths: header::Lengths::Requested,
        };
        let requests = self.requests()?;
        Ok(Report {
            header,
            tool: Tool::parse("inference-benchmarker", None).map_err(Problem::new)?,
            requests,
            measurements: self.measurements(requests)?,
        })
    }

    fn conditions(&self, config: &Config) -> Result<Conditions, Problem> {
        let length = |lengths: &Option<Lengths>| lengths.as_ref().and_then(|of| of.num_tokens);
        let prompt = length(&config.prompt_options);
        let answer = length(&config.decode_options);
        Ok(Conditions {
            input_tokens: number::rounded("config: prompt_options: num_tokens", prompt)?,
            output_tokens: number::rounded("config: decode_options: num_tokens", answer)?,
            concurrency: number::rounded("config: max_vus", self.config.max_vus)?,
            request_rate: header::request_rate("config: rate", self.config.rate)?,
            ..Conditions::default()
        })
    }

    fn requests(&self) -> Result<Requests, Problem> {
        let attempted = number::count("total_requests", self.total_requests)?;
        let failed = number::count("failed_requests", self.failed_requests)?;
        let succeeded = number::count("successful_requests", self.successful_requests)?;
        figures::requests_sent("successful_requests", attempted, succeeded, failed)
    }

    fn measurements(
        &self,
        requests: Requests,
    ) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let rate = |rate: Option<Number>, unit| rate.map(|rate| Statistics::once(rate, unit));
        let tokens = rate(self.token_throughput_secs, Unit::TokensPerSecond);
        let figures = Figures {
            rps: ("request_rate", rate(self.request_rate, Unit::RequestsPerSecond)),
            system_tps: ("token_throughput_secs", tokens),
            ttft: ("time_to_first_token_ms", self.time_to_first_token_ms),
            e2e_latency: ("e2e_latency_ms", self.e2e_latency_ms),
            ..Figures::default()
        };
        figures.measurements(requests, Some(Unit::Milliseconds))
    }
}

const LEFT_OUT: [&str; 3] = [
    "TPOT is left out: the file's inter-token latency counts an answer that came at once as zero.",
    "TPS is left out: it takes the tokens and latencies of single requests.",
    "ITL is left out: the file's inter-token latency is a mean of each request.",
];
