//! aiperf (ai-dynamo/aiperf), version 0.13.
//!
//! A run is two files: `X.jsonl`, one line for each request, and
//! `X_aiperf.json`, its statistics with the model and the load. The lines are
//! the better source and are read one by one; what they do not tell comes from
//! the other file where it lies beside them. Every figure has its unit.
//!
//! Lines of another phase than `profiling` are warm-up. A failed request has an
//! `error`; one that was broken off at the tool's own wish is left out.
//! `inter_token_latency` is the domain's TPOT, `inter_chunk_latency` is of
//! chunks, which may carry several tokens, and the throughput per user is the
//! inverse of the former, not the domain's TPS. `request_count` is of successes.

mod records;
mod summary;

use std::path::{Path, PathBuf};

use benchmark_domain::Tool;

use self::records::Records;
use self::summary::Summary;
use crate::format::Format;
use crate::header::Header;
use crate::number::Number;
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::ResultFile;

pub(crate) const FORMAT: Format = Format { name: "aiperf", recognises, companion_paths, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    is_of_requests(outline).or_else(|misfit| match outline.is_object_with(&SUMMARY) {
        // Of the two, the summary's lack says more.
        Err(Misfit::Lacks(key)) => Err(Misfit::Lacks(key)),
        Err(_) => Err(misfit),
        Ok(()) => Ok(()),
    })
}

const SUMMARY: [&str; 3] = ["request_latency", "input_config", "was_cancelled"];

fn is_of_requests(outline: &Outline) -> Result<(), Misfit> {
    outline.is_object_with(&["metadata", "metrics"])
}

fn companion_paths(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let other = match (name.strip_suffix(".jsonl"), name.strip_suffix("_aiperf.json")) {
        (Some(stem), _) => format!("{stem}_aiperf.json"),
        (None, Some(stem)) => format!("{stem}.jsonl"),
        (None, None) => return Vec::new(),
    };
    vec![path.with_file_name(other)]
}

fn read<'a>(
    mut file: ResultFile<'a>,
    companion: Option<ResultFile<'a>>,
) -> Result<Reports<'a>, Refusal> {
    let requests_first = has_requests(&mut file)?;
    let Some(mut companion) = companion else {
        return if requests_first { read_requests(file, None) } else { read_summary(file) };
    };
    match (requests_first, has_requests(&mut companion)?) {
        (true, false) => read_requests(file, Some(companion)),
        (false, true) => read_requests(companion, Some(file)),
        _ => {
            let what = format_args!("it is not the other half of {}", file.name.path());
            Err(companion.refuse(Problem::new(what)))
        }
    }
}

fn has_requests(file: &mut ResultFile<'_>) -> Result<bool, Refusal> {
    match Outline::of(&mut file.content) {
        Ok(outline) => Ok(is_of_requests(&outline).is_ok()),
        Err(problem) => Err(file.refuse(problem)),
    }
}

/// The run of single requests, described by its summary where there is one.
fn read_requests<'a>(
    mut file: ResultFile<'a>,
    summary: Option<ResultFile<'a>>,
) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let refuse = |problem| name.refuse(problem);
    let records = Records::read(&mut file.content).map_err(refuse)?;
    let (mut header, tool) = match summary {
        None => (Header::silent(name.clone()), tool(None).map_err(refuse)?),
        Some(mut file) => {
            let described = Summary::read(&mut file).and_then(|summary| {
                summary.check_against(&records, &name)?;
                Ok((summary.header(&file.name)?, summary.tool()?))
            });
            described.map_err(|problem| file.refuse(problem))?
        }
    };
    let notes = records.notes();
    let tally = records.tally;
    // The lines tell the time in full, the summary without its zone.
    if let Some(start) = tally.start() {
        let start = crate::number::unix_time("request_start_ns", Some(Number(start)));
        header.started_at = start.map(Some);
    }
    let requests = tally.requests().map_err(refuse)?;
    let measurements = tally.into_measurements().map_err(refuse)?;
    Ok(Reports { file, runs: vec![Report { header, tool, requests, measurements }], notes })
}

/// The run of a summary alone.
fn read_summary(mut file: ResultFile<'_>) -> Result<Reports<'_>, Refusal> {
    let name = file.name.clone();
    let refuse = |problem| name.refuse(problem);
    let summary = Summary::read(&mut file).map_err(refuse)?;
    let requests = summary.requests().map_err(refuse)?;
    let report = Report {
        header: summary.header(&name).map_err(refuse)?,
        tool: summary.tool().map_err(refuse)?,
        requests,
        measurements: summary.figures.measurements(requests).map_err(refuse)?,
    };
    let notes = summary::LEFT_OUT.map(str::to_owned).to_vec();
    Ok(Reports { file, runs: vec![report], notes })
}

fn tool(version: Option<&str>) -> Result<Tool, Problem> {
    Tool::parse("aiperf", version).map_err(|invalid| Problem::at("aiperf_version", invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_half_lies_beside() {
        let companions = |path| companion_paths(Path::new(path));
        assert_eq!(
            companions("/r/profile_export.jsonl"),
            [Path::new("/r/profile_export_aiperf.json")]
        );
        assert_eq!(
            companions("/r/profile_export_aiperf.json"),
            [Path::new("/r/profile_export.jsonl")]
        );
        assert_eq!(companions("/r/profile_export.json"), Vec::<PathBuf>::new());
    }
}
