use std::fmt;
use std::path::{Path, PathBuf};

use benchmark_domain::Run;
use thiserror::Error;

use crate::hints::Hints;
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::Reports;
use crate::result_file::ResultFile;
use crate::{
    aiperf, genai_perf, guidellm, inference_benchmarker, inference_perf, llm_d, llmperf, sglang,
    vllm,
};

/// Every format, in the order in which files are held against them.
const FORMATS: [Format; 9] = [
    vllm::FORMAT,
    sglang::FORMAT,
    guidellm::FORMAT,
    llmperf::FORMAT,
    aiperf::FORMAT,
    // Its successor writes all that it does, and more.
    genai_perf::FORMAT,
    inference_benchmarker::FORMAT,
    inference_perf::FORMAT,
    llm_d::FORMAT,
];

/// How one tool writes its results.
#[derive(Clone, Copy)]
pub struct Format {
    pub(crate) name: &'static str,
    /// Whether a file of this outline may be the tool's.
    pub(crate) recognises: fn(&Outline) -> Result<(), Misfit>,
    pub(crate) companion_paths: fn(&Path) -> Vec<PathBuf>,
    pub(crate) read:
        for<'a> fn(ResultFile<'a>, Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal>,
}

/// Of a tool that writes one file.
pub(crate) fn no_companions(_: &Path) -> Vec<PathBuf> {
    Vec::new()
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The runs of the file, at least one.
    pub runs: Vec<Run>,
    /// One sentence for each thing that was left out or counted otherwise than
    /// the tool does, and why.
    pub notes: Vec<String>,
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a format is one of {}", names(", "))]
pub struct UnknownFormat;

impl Format {
    /// The format of this name.
    ///
    /// # Errors
    /// [`UnknownFormat`] if there is none.
    pub fn parse(name: &str) -> Result<Self, UnknownFormat> {
        FORMATS.into_iter().find(|format| format.name == name).ok_or(UnknownFormat)
    }

    /// Every format.
    pub fn all() -> impl Iterator<Item = Self> {
        FORMATS.into_iter()
    }

    /// The format of a file, told from the beginning of its content.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it is not JSON or holds nothing,
    /// [`Refusal::Unrecognised`] if it is no known tool's,
    /// [`Refusal::Unreadable`] if it cannot be read.
    pub fn recognise(file: &mut ResultFile<'_>) -> Result<Self, Refusal> {
        let outline = Outline::of(&mut file.content).map_err(|problem| file.refuse(problem))?;
        if outline == Outline::EmptyList {
            return Err(file.refuse(Problem::new("the list is empty")));
        }
        let mut misfits = Vec::with_capacity(FORMATS.len());
        for format in FORMATS {
            match (format.recognises)(&outline) {
                Ok(()) => return Ok(format),
                Err(misfit) => misfits.push(format!("not {}: {misfit}", format.name)),
            }
        }
        let file = file.name.path().to_owned();
        Err(Refusal::Unrecognised { file, reason: misfits.join("; ") })
    }

    /// The format's name, that of its tool.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Where the other half of a result in two files may lie, best first; empty
    /// for tools that write one file. Give an absolute path: the folder's name
    /// may matter.
    pub fn companion_paths(self, path: &Path) -> Vec<PathBuf> {
        (self.companion_paths)(path)
    }

    /// Reads a file, with its other half if there is one. Whichever half is
    /// called the companion, the runs are the same. Nothing is known of any of
    /// them before the files have been read to their ends.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for the first thing wrong with the files,
    /// [`Refusal::Missing`] if neither they nor the hints tell all that a run
    /// must say, [`Refusal::Unreadable`] if a file cannot be read.
    pub fn read<'a>(
        self,
        file: ResultFile<'a>,
        companion: Option<ResultFile<'a>>,
        hints: &Hints,
    ) -> Result<Imported, Refusal> {
        (self.read)(file, companion)?.settle(hints)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Format").field(&self.name).finish()
    }
}

fn names(separator: &str) -> String {
    FORMATS.map(|format| format.name).join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in FORMATS {
            assert_eq!(Format::parse(format.name()).unwrap().name(), format.name());
        }
    }

    #[test]
    fn an_unknown_format_names_the_known_ones() {
        let error = Format::parse("banana").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a format is one of vllm, sglang, guidellm, llmperf, aiperf, genai-perf, \
             inference-benchmarker, inference-perf, llm-d"
        );
    }

    #[test]
    fn a_foreign_file_is_told_why_no_format_fits() {
        let refusal = |json: &str| {
            let mut file = ResultFile::new("x.json", json.as_bytes());
            Format::recognise(&mut file).unwrap_err().to_string()
        };
        assert_eq!(
            refusal(r#"{"benchmark": []}"#),
            "x.json: no known format (not vllm: model_id is missing; not sglang: \
             total_output_tokens_retokenized is missing; not guidellm: benchmarks is missing; \
             not llmperf: results_num_requests_started is missing; not aiperf: request_latency \
             is missing; not genai-perf: request_throughput is missing; not \
             inference-benchmarker: config is missing; not inference-perf: load_summary is \
             missing; not llm-d: version is missing)"
        );
        let list = refusal(r#"[{"id": 1}]"#);
        for reason in ["not vllm: it is a list;", "not llmperf: error_code is missing;"] {
            assert!(list.contains(reason), "{list}");
        }
        assert!(refusal("[1, 2]").contains("not llmperf: it is not made of JSON objects"));
        assert_eq!(refusal("[]"), "x.json: the list is empty");
        assert_eq!(refusal(" "), "x.json: it is empty");
    }
}
