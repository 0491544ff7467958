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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use benchmark_domain::Tool;

use self::individual::Tally;
use self::summary::Summary;
use crate::format::{Format, Imported};
use crate::header::Header;
use crate::hints::Hints;
use crate::json::{is_list, parse};
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::result_file::ResultFile;

pub(crate) const FORMAT: Format = Format { name: "llmperf", recognises, companion_paths, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    match outline {
        Outline::Records(keys) => keys.have(&["error_code", "ttft_s", "end_to_end_latency_s"]),
        Outline::Object(keys) => {
            keys.have(&["results_num_requests_started", "results_num_completed_requests"])
        }
        Outline::EmptyList | Outline::Other => Err(Misfit::NoObjects),
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

fn read(
    file: &ResultFile<'_>,
    companion: Option<&ResultFile<'_>>,
    hints: &Hints,
) -> Result<Imported, Refusal> {
    let Some(companion) = companion else {
        return if is_list(file.bytes) {
            read_individual(file, None, hints)
        } else {
            read_summary(file, hints)
        };
    };
    match (is_list(file.bytes), is_list(companion.bytes)) {
        (true, false) => read_individual(file, Some(companion), hints),
        (false, true) => read_individual(companion, Some(file), hints),
        _ => {
            let what = format_args!("it is not the other half of {}", file.path);
            Err(companion.refuse(Problem::new(what)))
        }
    }
}

/// The run of an individual file, described by its summary where there is one.
fn read_individual(
    file: &ResultFile<'_>,
    summary: Option<&ResultFile<'_>>,
    hints: &Hints,
) -> Result<Imported, Refusal> {
    let refuse = |problem| file.refuse(problem);
    let tally = parse(file.bytes).and_then(Tally::checked).map_err(refuse)?;
    let requests = tally.requests().map_err(refuse)?;
    let mut notes = tally.notes();
    let (header, tool, mut measurements) = match summary.map(Summary::read).transpose()? {
        None => {
            notes.push("SYSTEM_TPS and RPS are left out: only the summary tells them.".to_owned());
            (Header::silent(), tool(None).map_err(refuse)?, BTreeMap::new())
        }
        Some(summary) => {
            summary.check_against(&tally, file)?;
            let throughput = if tally.unmarked_failures == 0 {
                summary.throughput()?
            } else {
                let note = "SYSTEM_TPS and RPS are left out: the summary counts those failures in.";
                notes.push(note.to_owned());
                BTreeMap::new()
            };
            (summary.header(), summary.tool()?, throughput)
        }
    };
    measurements.extend(tally.into_measurements());
    let run = header.settle(file, hints)?.run(file, tool, requests, measurements)?;
    Ok(Imported { runs: vec![run], notes })
}

/// The run of a summary alone.
fn read_summary(file: &ResultFile<'_>, hints: &Hints) -> Result<Imported, Refusal> {
    let summary = Summary::read(file)?;
    let requests = summary.requests()?;
    let mut measurements = summary.throughput()?;
    measurements.extend(summary.latencies(requests)?);
    let run =
        summary.header().settle(file, hints)?.run(file, summary.tool()?, requests, measurements)?;
    let notes = [
        "TPS is left out: the summary's throughput per request may count chunks, not tokens.",
        "TPOT is left out: the summary's inter-token latency is the end-to-end latency over the \
         chunks, the wait for the first one included.",
    ];
    Ok(Imported { runs: vec![run], notes: notes.map(str::to_owned).to_vec() })
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
