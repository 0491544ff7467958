//! guidellm (vllm-project/guidellm), layouts of 0.3, 0.5 (`metadata.version` 1)
//! and 0.8 (`metadata.version` 2).
//!
//! A document holds a benchmark for each load of a sweep: one run each. All is
//! recomputed from `requests`, in seconds since 1970, where the lists hold them
//! all; they may be samples. Else the `successful` distributions stand in:
//! those of `errored` and `total` have zeros for what was not measured.
//!
//! The lists have the requests of a warm-up and a cool-down too, of which
//! `request_totals` counts those that reach into the time between. What is
//! recomputed is of those that lie in it wholly.
//!
//! `time_per_output_token_ms` includes the first token and changed its meaning
//! between layouts, `inter_token_latency_ms` weighs requests by their tokens:
//! neither is the domain's TPOT or ITL. `incomplete` requests were broken off by
//! the tool: they neither succeeded nor failed.

mod benchmark;
mod layout;
mod requests;

use benchmark_domain::Tool;

use self::layout::Document;
use crate::format::{Format, no_companions};
use crate::json::{self, Place};
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::{FileName, ResultFile};

pub(crate) const FORMAT: Format =
    Format { name: "guidellm", recognises, companion_paths: no_companions, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    outline.is_object_with(&["benchmarks"])
}

fn read<'a>(mut file: ResultFile<'a>, _: Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let mut notes = Vec::new();
    let document = file.content.rest().and_then(|bytes| json::parse(bytes, Place::Whole));
    let runs = document.and_then(|document| reports(document, &name, &mut notes));
    let runs = runs.map_err(|problem| name.refuse(problem))?;
    Ok(Reports { file, runs, notes })
}

fn reports(
    document: Document,
    file: &FileName,
    notes: &mut Vec<String>,
) -> Result<Vec<Report>, Problem> {
    let Document { metadata, config, args, benchmarks } = document;
    let version = metadata.as_ref().and_then(|metadata| metadata.guidellm_version.as_deref());
    let tool = Tool::parse("guidellm", version)
        .map_err(|invalid| Problem::at("metadata: guidellm_version", invalid))?;
    let setting = layout::Setting::new(config, args);
    let mut reports = Vec::with_capacity(benchmarks.len());
    for (number, benchmark) in (1..).zip(benchmarks) {
        let report = benchmark.report(&setting, file, tool.clone(), notes);
        let report = report.map_err(|problem| problem.within(format_args!("benchmark {number}")));
        reports.push(report?);
    }
    Ok(reports)
}
