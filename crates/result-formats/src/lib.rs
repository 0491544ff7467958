//! Load generators' result files as domain runs.
//!
//! Bytes go in, [`Run`](benchmark_domain::Run)s come out, recomputed from the
//! records of single requests wherever a file has them, under the definitions
//! of the domain's metrics. All or nothing: what cannot be trusted is refused
//! with one sentence that names the file, the record and the field. What a tool
//! measured under another definition is left out, with a note that says so.
//!
//! The callers, the `import` command and the import route, open the files and
//! say what they are called; they ask [`Format::recognise`] whose they are, look
//! for the other half of a result at [`Format::companion_paths`], and call
//! [`Format::read`]. A file is read once, from anything that gives bytes, and
//! digested on the way.
//!
//! ```
//! use benchmark_domain::{LlmName, Timestamp, WorkloadSlug, metrics};
//! use benchmark_result_formats::{Format, Hints, ResultFile};
//!
//! let bytes = br#"[
//!     {"error_code": null, "ttft_s": 0.21, "end_to_end_latency_s": 0.35, "number_output_tokens": 8},
//!     {"error_code": 429, "ttft_s": 0, "end_to_end_latency_s": 0.04, "number_output_tokens": 0}
//! ]"#;
//! let mut file = ResultFile::new("swift_individual_responses.json", &bytes[..]);
//! let format = Format::recognise(&mut file)?;
//! assert_eq!(format.name(), "llmperf");
//!
//! // Without its summary, the file does not tell what was measured, and when.
//! let hints = Hints {
//!     llm: Some(LlmName::parse("swift-70b")?),
//!     workload: Some(WorkloadSlug::parse("chat")?),
//!     started_at: Timestamp::from_timestamp_secs(1_704_851_704),
//!     ..Hints::default()
//! };
//! let imported = format.read(file, None, &hints)?;
//! let run = &imported.runs[0];
//! assert_eq!((run.requests.attempted(), run.requests.failed()), (2, 1));
//! assert_eq!(run.measurements()[&metrics::TTFT].mean(), 0.21);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # To add a format
//!
//! 1. A module named for the tool with a `pub(crate) const FORMAT: Format`; its
//!    documentation says what the tool's fields mean and which ones lie.
//! 2. Its line in the table of `format.rs`.
//! 3. A fixture of the same four requests as the other tools', and its line in
//!    `tests/same_numbers.rs`, which holds all of them to the same numbers.
//! 4. Its target in `fuzz` and its row in the README.
//!
//! The shared parts: `content` holds as much of a file as is looked at, and
//! `records` reads lines and lists one by one; `json` parses (typed, unknown
//! fields skipped, Python's bare `NaN` tolerated) and says where an error is;
//! `tally` makes samples of requests, the one place where the metrics are
//! computed, `statistics` and `figures` take a tool's own; `header` settles who,
//! what and when between the file and the [`Hints`], and `report` makes the runs.

mod aiperf;
mod columns;
mod content;
mod figures;
mod format;
mod genai_perf;
mod guidellm;
mod header;
mod hints;
mod inference_benchmarker;
mod inference_perf;
mod json;
mod llm_d;
mod llmperf;
mod loose;
mod number;
mod outline;
mod perf_figures;
mod records;
mod refusal;
mod report;
mod result_file;
mod said;
mod serving_bench;
mod sglang;
mod statistics;
mod tally;
mod time;
mod unit;
mod vllm;
mod yaml;

pub use format::{Format, Imported, UnknownFormat};
pub use hints::{Hint, Hints};
pub use refusal::Refusal;
pub use result_file::ResultFile;
