//! sglang's `bench_serving`, version 0.5.
//!
//! One object a line and a line for each run, read one by one. With
//! `--output-details`, a line has lists with an entry for each request, from
//! which all is recomputed; without, statistics in milliseconds. An unlimited
//! request rate is a bare `Infinity`; where a trace said when to send each request,
//! it is the word `trace`. There is no time, no number of requests sent, and without
//! details no failure is told.
//!
//! `itls` and the `itl` statistics are of chunks, which may carry several tokens.
//! The client of sglang's own `/generate`, which is the default, spreads the gap of
//! a chunk over the tokens in it: nobody knows any more which of them came alone.
//! `tpot` is the domain's.

use benchmark_domain::{Conditions, Tool};

use crate::columns::GapsOf;
use crate::figures;
use crate::format::{Format, no_companions};
use crate::header::{self, Header, Lengths};
use crate::loose;
use crate::number::{self, Number};
use crate::outline::{Misfit, Outline};
use crate::records::Records;
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::{FileName, ResultFile};
use crate::serving_bench::ServingBench;

pub(crate) const FORMAT: Format =
    Format { name: "sglang", recognises, companion_paths: no_companions, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    outline.is_object_with(&["total_output_tokens_retokenized", "completed", "duration"])
}

fn read<'a>(mut file: ResultFile<'a>, _: Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let mut notes = Vec::new();
    let runs = all(&mut file, &mut notes).map_err(|problem| name.refuse(problem))?;
    Ok(Reports { file, runs, notes })
}

fn all(file: &mut ResultFile<'_>, notes: &mut Vec<String>) -> Result<Vec<Report>, Problem> {
    let mut lines = Records::of_lines(&mut file.content);
    let mut runs = Vec::new();
    while let Some(bench) = lines.next()? {
        runs.push(report(bench, &file.name, notes).map_err(|problem| lines.at(problem))?);
    }
    Ok(runs)
}

fn report(
    mut bench: ServingBench,
    file: &FileName,
    notes: &mut Vec<String>,
) -> Result<Report, Problem> {
    let header = header(&bench, file);
    if requested_lengths(&bench).is_none() {
        notes.push(header::MEASURED_LENGTHS.to_owned());
    }
    // The server's version is that of the tool, which comes with it.
    let version = bench.server_info.as_ref().and_then(|server| server.version.as_deref());
    let tool = Tool::parse("sglang", version)
        .map_err(|invalid| Problem::at("server_info: version", invalid))?;
    let gaps_of = gaps_of(&bench);
    let (requests, measurements) = match bench.tally(gaps_of, notes)? {
        Some(tally) => {
            notes.extend((gaps_of == GapsOf::SpreadTokens).then(|| SPREAD_GAPS.to_owned()));
            (tally.requests()?, tally.into_measurements()?)
        }
        None => {
            notes.extend(LEFT_OUT.map(str::to_owned));
            let requests = figures::requests("completed", bench.completed()?, 0)?;
            (requests, bench.reported(requests)?)
        }
    };
    Ok(Report { header, tool, requests, measurements })
}

fn header(bench: &ServingBench, file: &FileName) -> Header {
    let model = bench.server_info.as_ref().and_then(|server| server.model_path.as_deref());
    Header {
        llm: header::llm("server_info: model_path", model),
        conditions: conditions(bench),
        lengths: match requested_lengths(bench) {
            Some(_) => Lengths::Requested,
            None => Lengths::Measured,
        },
        ..Header::silent(file.clone())
    }
}

fn gaps_of(bench: &ServingBench) -> GapsOf {
    match loose::text(&bench.backend) {
        // Without a word of it, it was the default.
        None | Some("sglang" | "sglang-native") => GapsOf::SpreadTokens,
        Some(_) => GapsOf::Chunks,
    }
}

/// The lengths that every request asked for, where they are all the same.
fn requested_lengths(bench: &ServingBench) -> Option<(Number, Number)> {
    let random = bench.dataset_name.as_deref().is_some_and(|name| name.starts_with("random"));
    let fixed = bench.random_range_ratio.is_some_and(|Number(ratio)| ratio == 1.0);
    if random && fixed { bench.random_input_len.zip(bench.random_output_len) } else { None }
}

fn conditions(bench: &ServingBench) -> Result<Conditions, Problem> {
    let (input_tokens, output_tokens) = match requested_lengths(bench) {
        Some((input, output)) => (
            number::rounded("random_input_len", Some(input))?,
            number::rounded("random_output_len", Some(output))?,
        ),
        None => bench.measured_lengths()?,
    };
    let (concurrency, request_rate) = bench.load()?;
    Ok(Conditions {
        input_tokens,
        output_tokens,
        concurrency,
        request_rate,
        ..Conditions::default()
    })
}

const SPREAD_GAPS: &str = "ITL is left out: of sglang's own interface the file's gaps are those of chunks, spread over \
                           the tokens in them.";

const LEFT_OUT: [&str; 4] = [
    figures::UNCOUNTED_TPOT,
    "Failed requests are not told, and none are counted: --output-details tells them.",
    "TPS is left out: it takes the tokens of single requests, which --output-details tells.",
    "ITL is left out: the file's may be of chunks, which may carry several tokens.",
];
