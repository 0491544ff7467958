//! llm-d's Benchmark Report (llm-d/llm-d-benchmark), version 0.2.
//!
//! One document, YAML or JSON, into which the results of other tools were
//! converted; the run's tool is the one that measured. Every figure has its
//! unit. What it calls the time per output token and its rates is what that
//! tool called so: they are taken of the tools whose definitions are the
//! domain's, and of guidellm's, whose are not, left out.
//!
//! YAML that was cut at the end of a line is YAML: what is missing then is not
//! measured.

use std::collections::BTreeMap;

use benchmark_domain::{Conditions, Measurement, MetricName, Requests, Tool};
use serde::Deserialize;

use crate::content::Content;
use crate::figures::Figures;
use crate::format::{Format, no_companions};
use crate::header::{self, Header};
use crate::json::{self, Place};
use crate::number::{self, Number};
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::{FileName, ResultFile};
use crate::statistics::Statistics;
use crate::time;
use crate::yaml;

pub(crate) const FORMAT: Format =
    Format { name: "llm-d", recognises, companion_paths: no_companions, read };

const KEYS: [&str; 3] = ["version", "run", "results"];

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    match outline {
        Outline::Yaml(keys) => keys.have(&KEYS),
        _ => outline.is_object_with(&KEYS),
    }
}

fn read<'a>(mut file: ResultFile<'a>, _: Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let mut notes = Vec::new();
    let document = parse(&mut file.content);
    let report = document.and_then(|document| document.report(&name, &mut notes));
    let report = report.map_err(|problem| name.refuse(problem))?;
    Ok(Reports { file, runs: vec![report], notes })
}

fn parse(content: &mut Content<'_>) -> Result<Document, Problem> {
    match content.first_visible()? {
        Some(b'{') => json::parse(content.rest()?, Place::Whole),
        _ => yaml::parse(content.rest()?),
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a benchmark report")]
struct Document {
    version: String,
    run: RunDetails,
    scenario: Option<Scenario>,
    results: Results,
}

#[derive(Deserialize)]
struct RunDetails {
    time: Option<Times>,
}

#[derive(Deserialize)]
struct Times {
    start: Option<String>,
}

#[derive(Default, Deserialize)]
struct Scenario {
    stack: Option<Vec<Component>>,
    load: Option<Load>,
}

#[derive(Deserialize)]
struct Component {
    standardized: Option<StandardComponent>,
}

#[derive(Deserialize)]
struct StandardComponent {
    model: Option<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Load {
    standardized: StandardLoad,
}

#[derive(Deserialize)]
struct StandardLoad {
    tool: String,
    tool_version: Option<String>,
    input_seq_len: Option<Length>,
    output_seq_len: Option<Length>,
    rate_qps: Option<Number>,
    concurrency: Option<Number>,
}

#[derive(Deserialize)]
struct Length {
    value: Option<Number>,
}

#[derive(Deserialize)]
struct Results {
    request_performance: Performance,
}

#[derive(Deserialize)]
struct Performance {
    aggregate: Aggregate,
}

#[derive(Deserialize)]
struct Aggregate {
    requests: Counts,
    latency: Option<Latency>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Counts {
    total: Option<Number>,
    failures: Option<Number>,
    incomplete: Option<Number>,
    input_length: Option<Statistics>,
    output_length: Option<Statistics>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Latency {
    time_to_first_token: Option<Statistics>,
    time_per_output_token: Option<Statistics>,
    request_latency: Option<Statistics>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Throughput {
    output_token_rate: Option<Statistics>,
    request_rate: Option<Statistics>,
}

impl Document {
    fn report(self, file: &FileName, notes: &mut Vec<String>) -> Result<Report, Problem> {
        let Self { version, run, scenario, results } = self;
        if !version.starts_with("0.2") {
            return Err(Problem::at("version", format_args!("{version} is not 0.2")));
        }
        let Scenario { stack, load } = scenario.unwrap_or_default();
        let load = load.map(|load| load.standardized);
        let tool = match &load {
            Some(load) => Tool::parse(&load.tool, load.tool_version.as_deref()),
            None => Tool::parse("llm-d", None),
        };
        let tool = tool.map_err(|invalid| Problem::at("scenario: load: tool", invalid))?;
        let results = results.request_performance.aggregate;
        let model = stack.into_iter().flatten().find_map(|part| part.standardized?.model?.name);
        let started_at = run.time.and_then(|time| time.start);
        let header = Header {
            llm: header::llm("scenario: stack: standardized: model: name", model.as_deref()),
            started_at: time::zoned("run: time: start", started_at.as_deref()),
            conditions: conditions(load.as_ref(), &results.requests),
            ..Header::silent(file.clone())
        };
        let requests = results.requests.counted()?;
        let definitions = Definitions::of(&tool);
        if definitions == Definitions::Guidellms {
            notes.extend(OF_GUIDELLM.map(str::to_owned));
        }
        notes.extend(LEFT_OUT.map(str::to_owned));
        let measurements = results.measurements(requests, definitions)?;
        Ok(Report { header, tool, requests, measurements })
    }
}

/// What the tool that measured means by a time per output token and by a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Definitions {
    TheDomains,
    Guidellms,
}

impl Definitions {
    fn of(tool: &Tool) -> Self {
        let is_guidellm = tool.name().to_ascii_lowercase().contains("guidellm");
        if is_guidellm { Self::Guidellms } else { Self::TheDomains }
    }
}

impl Aggregate {
    fn measurements(
        &self,
        requests: Requests,
        definitions: Definitions,
    ) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let latency = self.latency.unwrap_or_default();
        let throughput = self.throughput.unwrap_or_default();
        let as_defined =
            |it: Option<Statistics>| it.filter(|_| definitions == Definitions::TheDomains);
        let figures = Figures {
            rps: ("request_rate", as_defined(throughput.request_rate)),
            system_tps: ("output_token_rate", as_defined(throughput.output_token_rate)),
            ttft: ("time_to_first_token", latency.time_to_first_token),
            e2e_latency: ("request_latency", latency.request_latency),
            tpot: ("time_per_output_token", as_defined(latency.time_per_output_token)),
            least_output_tokens: self.requests.output_length.and_then(|length| length.min),
        };
        figures.measurements(requests, None)
    }
}

impl Counts {
    /// Requests that were broken off neither succeeded nor failed.
    fn counted(&self) -> Result<Requests, Problem> {
        let total = number::count("requests: total", self.total)?;
        let failed = number::optional_count("requests: failures", self.failures)?.unwrap_or(0);
        let broken_off = number::optional_count("requests: incomplete", self.incomplete)?;
        let attempted = total.checked_sub(broken_off.unwrap_or(0));
        attempted.and_then(|attempted| Requests::new(attempted, failed)).ok_or_else(|| {
            Problem::at("requests: total", format_args!("{total} are fewer than the others"))
        })
    }
}

fn conditions(load: Option<&StandardLoad>, counts: &Counts) -> Result<Conditions, Problem> {
    let length = |field, asked: Option<&Length>, measured: Option<Statistics>| match asked
        .and_then(|length| length.value)
    {
        Some(asked) => number::rounded(field, Some(asked)),
        None => measured.map_or(Ok(None), |measured| measured.whole(field)),
    };
    let concurrency = load.and_then(|load| load.concurrency).filter(|Number(n)| n.is_finite());
    let request_rate = load.and_then(|load| load.rate_qps);
    Ok(Conditions {
        input_tokens: length(
            "input_seq_len",
            load.and_then(|load| load.input_seq_len.as_ref()),
            counts.input_length,
        )?,
        output_tokens: length(
            "output_seq_len",
            load.and_then(|load| load.output_seq_len.as_ref()),
            counts.output_length,
        )?,
        concurrency: number::rounded("concurrency", concurrency)?,
        request_rate: header::request_rate("rate_qps", request_rate)?,
        ..Conditions::default()
    })
}

const OF_GUIDELLM: [&str; 2] = [
    "TPOT is left out: guidellm's time per output token includes the first one.",
    "RPS and SYSTEM_TPS are left out: guidellm's are means over moments, not over the window.",
];

const LEFT_OUT: [&str; 2] = [
    "TPS is left out: it takes the tokens and latencies of single requests.",
    "ITL is left out: whether it is of tokens depends on the tool whose results these were.",
];
