//! inference-perf (kubernetes-sigs/inference-perf), version 0.7.
//!
//! Three files, all in seconds: `per_request_lifecycle_metrics.json`, a list of
//! requests in no order, from which all is recomputed one by one; and, as one
//! object each, the statistics of a stage and of all stages together. Times are
//! of a clock without a date; the stage tells its rate, the summary does not.
//!
//! `time_per_output_token` is the domain's. `inter_token_latency` is of tokens
//! that the tool has spread over chunks, and `normalized_time_per_output_token`
//! includes the wait for the first one.

mod requests;
mod stage;

use benchmark_domain::Tool;

use crate::format::{Format, no_companions};
use crate::json;
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::Reports;
use crate::result_file::ResultFile;

pub(crate) const FORMAT: Format =
    Format { name: "inference-perf", recognises, companion_paths: no_companions, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    match outline {
        Outline::Records(_) => outline.is_list_with(&["start_time", "end_time", "request"]),
        _ => outline.is_object_with(&["load_summary", "successes", "failures"]),
    }
}

fn read<'a>(mut file: ResultFile<'a>, _: Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let mut notes = Vec::new();
    let report = match json::is_list(&mut file.content) {
        Ok(true) => requests::report(&mut file.content, &name, &mut notes),
        Ok(false) => stage::report(&mut file.content, &name, &mut notes),
        Err(problem) => Err(problem),
    };
    let report = report.map_err(|problem| name.refuse(problem))?;
    Ok(Reports { file, runs: vec![report], notes })
}

fn tool() -> Result<Tool, Problem> {
    Tool::parse("inference-perf", None).map_err(Problem::new)
}
