//! llmperf (ray-project/llmperf), results version 2023-08-31.
//!
//! A run is two files: `X_individual_responses.json`, a list with one record per
//! request, and `X_summary.json`, a flat object with the model, the load, the
//! time and statistics. Published results may lie in folders instead:
//! `individual/X.json` and `summary/X.json`.
//!
//! The records are the better source: samples, and the tool's definitions do
//! not matter. Of the summary they need who, what and when, and the two figures
//! that only it has. `timestamp` is when the tool wrote the files, at the end
//! of the run; it stands for the time of the run.

mod individual;
mod summary;

use std::path::{Path, PathBuf};

use benchmark_domain::Tool;

use self::individual::Individual;
use self::summary::Summary;
use crate::format::Format;
use crate::header::Header;
use crate::json;
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::ResultFile;

pub(crate) const FORMAT: Format = Format { name: "llmperf", recognises, companion_paths, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    match outline {
        Outline::Records(_) => {
            outline.is_list_with(&["error_code", "ttft_s", "end_to_end_latency_s"])
        }
        _ => outline
            .is_object_with(&["results_num_requests_started", "results_num_completed_requests"]),
    }
}

fn companion_paths(path: &Path) -> Vec<PathBuf> {
    const SUFFIXES: [&str; 2] = ["_individual_responses.json", "_summary.json"];
    const FOLDERS: [&str; 2] = ["individual", "summary"];
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Vec::new();
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut paths = Vec::new();
    for (ours, theirs) in [(0, 1), (1, 0)] {
        if let Some(stem) = name.strip_suffix(SUFFIXES[ours]) {
            paths.push(path.with_file_name(format!("{stem}{}", SUFFIXES[theirs])));
        }
        if folder.file_name().is_some_and(|folder| folder == FOLDERS[ours]) {
            paths.push(folder.with_file_name(FOLDERS[theirs]).join(name));
        }
    }
    paths
}

fn read<'a>(
    mut file: ResultFile<'a>,
    companion: Option<ResultFile<'a>>,
) -> Result<Reports<'a>, Refusal> {
    let individual_first = is_individual(&mut file)?;
    let Some(mut companion) = companion else {
        return if individual_first { read_individual(file, None) } else { read_summary(file) };
    };
    match (individual_first, is_individual(&mut companion)?) {
        (true, false) => read_individual(file, Some(companion)),
        (false, true) => read_individual(companion, Some(file)),
        _ => {
            let what = format_args!("it is not the other half of {}", file.name.path());
            Err(companion.refuse(Problem::new(what)))
        }
    }
}

fn is_individual(file: &mut ResultFile<'_>) -> Result<bool, Refusal> {
    json::is_list(&mut file.content).map_err(|problem| file.refuse(problem))
}

/// The run of an individual file, described by its summary where there is one.
fn read_individual<'a>(
    mut file: ResultFile<'a>,
    summary: Option<ResultFile<'a>>,
) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let refuse = |problem| name.refuse(problem);
    let individual = Individual::read(&mut file.content).map_err(refuse)?;
    let requests = individual.tally.requests().map_err(refuse)?;
    let mut notes = individual.notes();
    let (header, tool, throughput) = match summary {
        None => {
            notes.push("SYSTEM_TPS and RPS are left out: only the summary tells them.".to_owned());
            (Header::silent(name.clone()), tool(None).map_err(refuse)?, None)
        }
        Some(file) => {
            let summary = Summary::read(file)?;
            summary.check_against(&individual, &name)?;
            let throughput = if individual.unmarked_failures == 0 {
                Some(summary.throughput()?)
            } else {
                let note = "SYSTEM_TPS and RPS are left out: the summary counts those failures in.";
                notes.push(note.to_owned());
                None
            };
            (summary.header(), summary.tool()?, throughput)
        }
    };
    let mut measurements = individual.tally.into_measurements().map_err(refuse)?;
    measurements.extend(throughput.unwrap_or_default());
    Ok(Reports { file, runs: vec![Report { header, tool, requests, measurements }], notes })
}

/// The run of a summary alone.
fn read_summary(file: ResultFile<'_>) -> Result<Reports<'_>, Refusal> {
    let summary = Summary::read(file)?;
    let requests = summary.requests()?;
    let mut measurements = summary.throughput()?;
    measurements.extend(summary.latencies(requests)?);
    let report = Report { header: summary.header(), tool: summary.tool()?, requests, measurements };
    let notes = [
        "TPS is left out: the summary's throughput per request may count chunks, not tokens.",
        "TPOT is left out: the summary's inter-token latency is the end-to-end latency over the \
         chunks, the wait for the first one included.",
    ];
    let notes = notes.map(str::to_owned).to_vec();
    Ok(Reports { file: summary.file, runs: vec![report], notes })
}

fn tool(version: Option<&str>) -> Result<Tool, Problem> {
    Tool::parse("llmperf", version).map_err(|invalid| Problem::at("version", invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn companions(path: &str) -> Vec<PathBuf> {
        companion_paths(Path::new(path))
    }

    #[test]
    fn the_other_half_lies_beside_under_its_suffix() {
        assert_eq!(
            companions("/r/m_550_150_individual_responses.json"),
            [Path::new("/r/m_550_150_summary.json")]
        );
        assert_eq!(
            companions("m_550_150_summary.json"),
            [Path::new("m_550_150_individual_responses.json")]
        );
    }

    #[test]
    fn the_other_half_lies_in_the_sibling_folder_under_its_name() {
        assert_eq!(companions("/r/individual/groq.json"), [Path::new("/r/summary/groq.json")]);
        assert_eq!(companions("summary/groq.json"), [Path::new("individual/groq.json")]);
    }

    #[test]
    fn a_file_of_another_name_has_no_other_half() {
        for path in ["groq.json", "/r/groq.json", "/", "", "_summary.txt"] {
            assert_eq!(companions(path), Vec::<PathBuf>::new(), "{path}");
        }
    }
}
