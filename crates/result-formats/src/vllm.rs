//! vLLM's `vllm bench serve`, version 0.33.
//!
//! An object, or one behind the other where results were appended.
//! `--save-detailed` adds lists with an entry for each request, from which all
//! is recomputed; without them, there are statistics in milliseconds and the
//! latencies of all requests. Failed requests are zeros in every list.
//!
//! `itls` and the `itl` statistics are of chunks, which may carry several
//! tokens. `tpot` is the domain's. `date` is when the results were written, at the
//! end of the run, in local time without its zone: the run started `duration`
//! earlier.

use std::collections::BTreeMap;

use benchmark_domain::chrono::TimeDelta;
use benchmark_domain::{
    Conditions, Measurement, MetricName, Requests, Summary, Timestamp, Tool, metrics,
};

use crate::columns::GapsOf;
use crate::figures::UNCOUNTED_TPOT;
use crate::format::{Format, no_companions};
use crate::header::{self, Header, Lengths};
use crate::json;
use crate::number::Number;
use crate::outline::{Misfit, Outline};
use crate::refusal::{Problem, Refusal};
use crate::report::{Report, Reports};
use crate::result_file::{FileName, ResultFile};
use crate::serving_bench::ServingBench;
use crate::time;

pub(crate) const FORMAT: Format =
    Format { name: "vllm", recognises, companion_paths: no_companions, read };

fn recognises(outline: &Outline) -> Result<(), Misfit> {
    outline.is_object_with(&["model_id", "num_prompts", "completed"])
}

fn read<'a>(mut file: ResultFile<'a>, _: Option<ResultFile<'a>>) -> Result<Reports<'a>, Refusal> {
    let name = file.name.clone();
    let mut notes = vec![time::ZONELESS.to_owned(), header::MEASURED_LENGTHS.to_owned()];
    let runs = file
        .content
        .rest()
        .and_then(json::parse_several::<ServingBench>)
        .and_then(|runs| runs.into_iter().map(|run| report(run, &name, &mut notes)).collect())
        .map_err(|problem| name.refuse(problem))?;
    Ok(Reports { file, runs, notes })
}

fn report(
    mut bench: ServingBench,
    file: &FileName,
    notes: &mut Vec<String>,
) -> Result<Report, Problem> {
    let header = header(&bench, file);
    let tool = Tool::parse("vllm", None).map_err(Problem::new)?;
    let (requests, measurements) = match bench.tally(GapsOf::Chunks, notes)? {
        Some(tally) => (tally.requests()?, tally.into_measurements()?),
        None => {
            notes.extend(LEFT_OUT.map(str::to_owned));
            let requests = bench.requests()?;
            (requests, reported(&bench, requests)?)
        }
    };
    Ok(Report { header, tool, requests, measurements })
}

fn header(bench: &ServingBench, file: &FileName) -> Header {
    Header {
        of: file.clone(),
        provider: header::provider("provider", bench.provider.as_deref()),
        llm: header::llm("model_id", bench.model_id.as_deref()),
        started_at: started_at(bench),
        conditions: conditions(bench),
        lengths: Lengths::Measured,
    }
}

fn started_at(bench: &ServingBench) -> Result<Option<Timestamp>, Problem> {
    let written_at = time::zoneless("date", bench.date.as_deref(), "%Y%m%d-%H%M%S")?;
    let lasted = TimeDelta::microseconds((bench.seconds()? * 1e6).round() as i64);
    Ok(written_at.and_then(|at| at.checked_sub_signed(lasted)))
}

fn conditions(bench: &ServingBench) -> Result<Conditions, Problem> {
    let (input_tokens, output_tokens) = bench.measured_lengths()?;
    let (concurrency, request_rate) = bench.load()?;
    Ok(Conditions {
        input_tokens,
        output_tokens,
        concurrency,
        request_rate,
        ..Conditions::default()
    })
}

/// The tool's own figures, but for the latencies that are there.
fn reported(
    bench: &ServingBench,
    requests: Requests,
) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
    let mut measurements = bench.reported(requests)?;
    if let Some(latencies) = bench.latencies.as_deref()
        && let Some(measurement) = sampled(latencies, requests.succeeded())?
    {
        measurements.insert(metrics::E2E_LATENCY, measurement);
    }
    Ok(measurements)
}

/// The latencies of the requests that succeeded: those that took time.
fn sampled(latencies: &[Number], completed: u64) -> Result<Option<Measurement>, Problem> {
    const FIELD: &str = "latencies";
    let mut summary = Summary::default();
    for Number(latency) in latencies.iter().filter(|Number(latency)| *latency != 0.0) {
        summary.add(*latency).map_err(|invalid| Problem::at(FIELD, invalid))?;
    }
    if summary.count() != completed {
        let what = format_args!("{} are above 0, {completed} were completed", summary.count());
        return Err(Problem::at(FIELD, what));
    }
    Ok(Measurement::sampled(summary).ok())
}

const LEFT_OUT: [&str; 3] = [
    UNCOUNTED_TPOT,
    "TPS is left out: it takes the tokens of single requests, which --save-detailed saves.",
    "ITL is left out: the file's is of chunks, which may carry several tokens.",
];
