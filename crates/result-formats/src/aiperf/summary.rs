use benchmark_domain::{Conditions, Requests, Tool};
use serde::Deserialize;

use super::records::Records;
use super::tool;
use crate::figures;
use crate::header::{self, Header};
use crate::json::{self, Place};
use crate::number::{self, Number};
use crate::perf_figures::PerfFigures;
use crate::refusal::Problem;
use crate::result_file::{FileName, ResultFile};
use crate::time;

/// A summary file.
pub(super) struct Summary {
    pub(super) figures: PerfFigures,
    rest: Rest,
}

/// What is of use of it beside the figures.
#[derive(Deserialize)]
#[serde(expecting = "a summary object")]
struct Rest {
    aiperf_version: Option<String>,
    input_config: Option<Config>,
    error_summary: Option<Vec<Failures>>,
    start_time: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    endpoint: Option<Endpoint>,
    loadgen: Option<Load>,
}

#[derive(Deserialize)]
struct Endpoint {
    model_names: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Load {
    concurrency: Option<Number>,
    request_rate: Option<Number>,
}

#[derive(Deserialize)]
struct Failures {
    count: Option<Number>,
}

impl Summary {
    pub(super) fn read(file: &mut ResultFile<'_>) -> Result<Self, Problem> {
        let bytes = file.content.rest()?;
        let figures = json::parse(bytes, Place::Whole)?;
        Ok(Self { figures, rest: json::parse(bytes, Place::Whole)? })
    }

    pub(super) fn tool(&self) -> Result<Tool, Problem> {
        tool(self.rest.aiperf_version.as_deref())
    }

    pub(super) fn header(&self, file: &FileName) -> Result<Header, Problem> {
        const MODELS: &str = "input_config: endpoint: model_names";
        let config = self.rest.input_config.as_ref();
        let models = config.and_then(|config| config.endpoint.as_ref()?.model_names.as_deref());
        Ok(Header {
            llm: header::llm(MODELS, header::only(MODELS, models)?),
            started_at: time::zoneless(
                "start_time",
                self.rest.start_time.as_deref(),
                "%Y-%m-%dT%H:%M:%S%.f",
            ),
            conditions: self.conditions(),
            ..Header::silent(file.clone())
        })
    }

    fn conditions(&self) -> Result<Conditions, Problem> {
        let load = self.rest.input_config.as_ref().and_then(|config| config.loadgen.as_ref());
        let concurrency = load.and_then(|load| load.concurrency);
        let rate = load.and_then(|load| load.request_rate);
        Ok(Conditions {
            concurrency: number::rounded("input_config: loadgen: concurrency", concurrency)?,
            request_rate: header::request_rate("input_config: loadgen: request_rate", rate)?,
            ..self.figures.lengths()?
        })
    }

    /// The tool's counts: successes, and failures by the kind of error.
    pub(super) fn requests(&self) -> Result<Requests, Problem> {
        let failed = match &self.rest.error_summary {
            None => 0,
            Some(kinds) => kinds.iter().try_fold(0_u64, |sum, kind| {
                let count = number::count("error_summary: count", kind.count)?;
                Ok(sum.saturating_add(count))
            })?,
        };
        figures::requests("request_count", self.figures.succeeded()?, failed)
    }

    /// Refuses a summary that is of other requests than those of `records`: a
    /// later run may have overwritten one of the two files.
    pub(super) fn check_against(&self, records: &Records, file: &FileName) -> Result<(), Problem> {
        let refuse = |mismatch: std::fmt::Arguments<'_>| {
            let other = format_args!("it is of another run than {}", file.path());
            Err(Problem::at(other, mismatch))
        };
        let (theirs, ours) = (self.requests()?, records.tally.requests()?);
        if theirs.succeeded() != ours.succeeded() {
            return refuse(format_args!(
                "it tells of {} requests that succeeded, not of {}",
                theirs.succeeded(),
                ours.succeeded()
            ));
        }
        // Requests that were broken off may count as failures there.
        let failed = ours.failed()..=ours.failed().saturating_add(records.cancelled);
        if !failed.contains(&theirs.failed()) {
            return refuse(format_args!(
                "it tells of {} requests that failed, not of {}",
                theirs.failed(),
                ours.failed()
            ));
        }
        match self.figures.mean_latency()?.zip(records.tally.mean_latency()) {
            Some((theirs, ours)) if (theirs - ours).abs() > 1e-3 * ours => refuse(format_args!(
                "it tells of a mean request_latency of {theirs} s, not of {ours} s"
            )),
            _ => Ok(()),
        }
    }
}

pub(super) const LEFT_OUT: [&str; 4] = [
    time::ZONELESS,
    header::MEASURED_LENGTHS,
    crate::perf_figures::NO_TPS,
    "ITL is left out: the file's inter-token latency is a mean of each request, taken as TPOT.",
];
