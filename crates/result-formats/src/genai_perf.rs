//! genai-perf (triton-inference-server/perf_analyzer), its
//! `profile_export_genai_perf.json`.
//!
//! One object with the statistics of a run, each with its unit. Neither the
//! time nor failures are told. `inter_token_latency` is of each request the
//! mean between its tokens: the domain's TPOT. The throughput per user is the
//! inverse of it, not the domain's TPS.

use benchmark_domain::{Conditions, Tool};
use serde::Deserialize;

use crate::figures;
use crate::format::{Format, no_companions};
use crate::header::{self, Header};
use crate::json::{self, Place};
use crate::number::{self, Number};
use crate::outline::{Misfit, Outline};
use crate::perf_figures::{NO_TPS, PerfFigures};
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::{FileName, ResultFile};

pub(crate) const FORMAT: Format =
    Format { name: "genai-perf", recognises, companion_paths: no_companions, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    outline.is_object_with(&["request_throughput", "request_latency", "input_config"])
}

fn read<'a>(mut file: ResultFile<'a>, _: Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let report = file.content.rest().and_then(|bytes| report(bytes, &name));
    let report = report.map_err(|problem| name.refuse(problem))?;
    Ok(Reports { file, runs: vec![report], notes: LEFT_OUT.map(str::to_owned).to_vec() })
}

fn report(bytes: &[u8], file: &FileName) -> Result<Report, Problem> {
    let figures: PerfFigures = json::parse(bytes, Place::Whole)?;
    let rest: Rest = json::parse(bytes, Place::Whole)?;
    let requests = figures::requests("request_count", figures.succeeded()?, 0)?;
    Ok(Report {
        header: rest.header(&figures, file)?,
        tool: Tool::parse("genai-perf", None).map_err(Problem::new)?,
        requests,
        measurements: figures.measurements(requests)?,
    })
}

/// What is of use beside the figures.
#[derive(Deserialize)]
#[serde(expecting = "a summary object")]
struct Rest {
    input_config: Option<Config>,
}

#[derive(Deserialize)]
struct Config {
    model_names: Option<Vec<String>>,
    perf_analyzer: Option<Analyzer>,
}

#[derive(Deserialize)]
struct Analyzer {
    stimulus: Option<Stimulus>,
}

#[derive(Deserialize)]
struct Stimulus {
    concurrency: Option<Number>,
    request_rate: Option<Number>,
}

impl Rest {
    fn header(&self, figures: &PerfFigures, file: &FileName) -> Result<Header, Problem> {
        const MODELS: &str = "input_config: model_names";
        let models = self.input_config.as_ref().and_then(|c| c.model_names.as_deref());
        Ok(Header {
            llm: header::llm(MODELS, header::only(MODELS, models)?),
            conditions: self.conditions(figures),
            ..Header::silent(file.clone())
        })
    }

    fn conditions(&self, figures: &PerfFigures) -> Result<Conditions, Problem> {
        let analyzer = self.input_config.as_ref().and_then(|c| c.perf_analyzer.as_ref());
        let stimulus = analyzer.and_then(|analyzer| analyzer.stimulus.as_ref());
        let concurrency = stimulus.and_then(|stimulus| stimulus.concurrency);
        let rate = stimulus.and_then(|stimulus| stimulus.request_rate);
        Ok(Conditions {
            concurrency: number::rounded("input_config: stimulus: concurrency", concurrency)?,
            request_rate: header::request_rate("input_config: stimulus: request_rate", rate)?,
            ..figures.lengths()?
        })
    }
}

const LEFT_OUT: [&str; 4] = [
    "Failed requests are not told, and none are counted.",
    header::MEASURED_LENGTHS,
    NO_TPS,
    "ITL is left out: the file's inter-token latency is a mean of each request, taken as TPOT.",
];
