use std::collections::BTreeMap;

use benchmark_domain::{Measurement, MetricName, Requests};
use serde::Deserialize;

use crate::columns::{Columns, Gaps, GapsOf, note_on_empty};
use crate::figures::{self, Figures};
use crate::header;
use crate::loose::{Loosely, Numeric, Text};
use crate::number::{self, Number};
use crate::refusal::Problem;
use crate::said::Said;
use crate::statistics::Statistics;
use crate::tally::Tally;
use crate::unit::Unit;

/// What is of use of a run in the results of vLLM and of sglang, whose
/// benchmarks have one origin. Flat, since to flatten doubles the memory.
#[derive(Deserialize)]
#[serde(expecting = "the results of a run")]
pub(crate) struct ServingBench {
    /// A word where a trace said when to send each request.
    request_rate: Option<Loosely<Numeric>>,
    max_concurrency: Option<Number>,
    duration: Option<Number>,
    completed: Option<Number>,
    total_input_tokens: Option<Number>,
    total_output_tokens: Option<Number>,

    // vLLM's alone.
    pub(crate) date: Option<String>,
    pub(crate) model_id: Option<String>,
    /// Not the tool's, but what users call it in their metadata.
    pub(crate) provider: Option<String>,
    num_prompts: Option<Number>,
    failed: Option<Number>,
    pub(crate) latencies: Option<Vec<Number>>,

    // sglang's alone.
    /// Whose interface was spoken.
    pub(crate) backend: Option<Loosely<Text>>,
    pub(crate) dataset_name: Option<String>,
    pub(crate) random_input_len: Option<Number>,
    pub(crate) random_output_len: Option<Number>,
    pub(crate) random_range_ratio: Option<Number>,
    pub(crate) server_info: Option<Server>,

    output_lens: Option<Vec<Number>>,
    ttfts: Option<Vec<Number>>,
    itls: Option<Gaps>,
    errors: Option<Vec<Said>>,

    mean_ttft_ms: Option<Number>,
    median_ttft_ms: Option<Number>,
    std_ttft_ms: Option<Number>,
    p90_ttft_ms: Option<Number>,
    p95_ttft_ms: Option<Number>,
    p99_ttft_ms: Option<Number>,

    mean_tpot_ms: Option<Number>,
    median_tpot_ms: Option<Number>,
    std_tpot_ms: Option<Number>,
    p90_tpot_ms: Option<Number>,
    p95_tpot_ms: Option<Number>,
    p99_tpot_ms: Option<Number>,

    #[serde(alias = "mean_e2e_latency_ms")]
    mean_e2el_ms: Option<Number>,
    #[serde(alias = "median_e2e_latency_ms")]
    median_e2el_ms: Option<Number>,
    #[serde(alias = "std_e2e_latency_ms")]
    std_e2el_ms: Option<Number>,
    #[serde(alias = "p90_e2e_latency_ms")]
    p90_e2el_ms: Option<Number>,
    #[serde(alias = "p95_e2e_latency_ms")]
    p95_e2el_ms: Option<Number>,
    #[serde(alias = "p99_e2e_latency_ms")]
    p99_e2el_ms: Option<Number>,
}

/// What the server tells of itself, if it is sglang's own.
#[derive(Deserialize)]
#[serde(expecting = "what the server tells of itself")]
pub(crate) struct Server {
    pub(crate) model_path: Option<String>,
    pub(crate) version: Option<String>,
}

impl ServingBench {
    /// The mean lengths of prompts and answers, as measured.
    pub(crate) fn measured_lengths(&self) -> Result<(Option<u32>, Option<u32>), Problem> {
        let completed = self.completed()?;
        let per_request = |field, total| number::mean_of(field, total, completed);
        let input = per_request("total_input_tokens", self.total_input_tokens)?;
        let output = per_request("total_output_tokens", self.total_output_tokens)?;
        Ok((input, output))
    }

    /// Requests in flight and requests sent per second, as far as they were set.
    /// What followed a trace was sent at no rate, and so many in flight at the most
    /// are not its load.
    pub(crate) fn load(&self) -> Result<(Option<u32>, Option<f64>), Problem> {
        let request_rate = match &self.request_rate {
            None => None,
            Some(Loosely(Numeric { value: Some(rate) })) => Some(*rate),
            Some(Loosely(Numeric { value: None })) => return Ok((None, None)),
        };
        Ok((
            number::rounded("max_concurrency", self.max_concurrency)?,
            header::request_rate("request_rate", request_rate)?,
        ))
    }

    /// What the single requests add up to, if the results have them.
    pub(crate) fn tally(
        &mut self,
        gaps_of: GapsOf,
        notes: &mut Vec<String>,
    ) -> Result<Option<Tally>, Problem> {
        let Some(ttfts) = self.ttfts.take() else { return Ok(None) };
        let missing = |field| Problem::at(field, "it is missing, although there are ttfts");
        let columns = Columns {
            ttfts,
            output_lens: self.output_lens.take().ok_or_else(|| missing("output_lens"))?,
            itls: self.itls.take().ok_or_else(|| missing("itls"))?,
            gaps_of,
            errors: self.errors.take().ok_or_else(|| missing("errors"))?,
            latencies: self.latencies.take(),
        };
        let (mut tally, empty) = columns.tally()?;
        self.check_against(tally.requests()?, empty)?;
        tally.all_lasted(self.seconds()?);
        notes.extend(tally.notes());
        notes.extend(note_on_empty(empty));
        Ok(Some(tally))
    }

    /// Refuses counts that are not those of the single requests, of which so many
    /// failed without saying so.
    fn check_against(&self, requests: Requests, empty: u64) -> Result<(), Problem> {
        let (attempted, succeeded) = (requests.attempted(), requests.succeeded());
        let sent = number::optional_count("num_prompts", self.num_prompts)?;
        if let Some(sent) = sent.filter(|sent| *sent != attempted) {
            let what = format_args!("{sent} were sent, the lists have {attempted}");
            return Err(Problem::at("num_prompts", what));
        }
        let completed = self.completed()?;
        if !(succeeded..=succeeded.saturating_add(empty)).contains(&completed) {
            let what = format_args!("{completed} were completed, {succeeded} in the lists");
            return Err(Problem::at("completed", what));
        }
        Ok(())
    }

    /// How many requests were completed.
    pub(crate) fn completed(&self) -> Result<u64, Problem> {
        number::count("completed", self.completed)
    }

    /// The tool's counts, if they add up. Older versions leave out `failed`.
    pub(crate) fn requests(&self) -> Result<Requests, Problem> {
        let attempted = number::count("num_prompts", self.num_prompts)?;
        let completed = self.completed()?;
        let failed = number::optional_count("failed", self.failed)?;
        let failed = failed.unwrap_or(attempted.saturating_sub(completed));
        figures::requests_sent("completed", attempted, completed, failed)
    }

    /// The tool's own figures whose definition is the domain's.
    pub(crate) fn reported(
        &self,
        requests: Requests,
    ) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let seconds = self.seconds()?;
        let rate = |Number(total): Number, unit| Statistics::once(Number(total / seconds), unit);
        let tokens = self.total_output_tokens.map(|total| rate(total, Unit::TokensPerSecond));
        let completed = Number(requests.succeeded() as f64);
        let figures = Figures {
            rps: ("completed", Some(rate(completed, Unit::RequestsPerSecond))),
            system_tps: ("total_output_tokens", tokens),
            ttft: ("ttft_ms", Some(self.ttft())),
            e2e_latency: ("e2e_latency_ms", Some(self.e2e_latency())),
            tpot: ("tpot_ms", Some(self.tpot())),
            least_output_tokens: None,
        };
        figures.measurements(requests, Some(Unit::Milliseconds))
    }

    /// How long the run took.
    pub(crate) fn seconds(&self) -> Result<f64, Problem> {
        number::positive("duration", self.duration)
    }

    fn ttft(&self) -> Statistics {
        Statistics {
            mean: self.mean_ttft_ms,
            deviation: self.std_ttft_ms,
            p50: self.median_ttft_ms,
            p90: self.p90_ttft_ms,
            p95: self.p95_ttft_ms,
            p99: self.p99_ttft_ms,
            ..Statistics::default()
        }
    }

    fn tpot(&self) -> Statistics {
        Statistics {
            mean: self.mean_tpot_ms,
            deviation: self.std_tpot_ms,
            p50: self.median_tpot_ms,
            p90: self.p90_tpot_ms,
            p95: self.p95_tpot_ms,
            p99: self.p99_tpot_ms,
            ..Statistics::default()
        }
    }

    fn e2e_latency(&self) -> Statistics {
        Statistics {
            mean: self.mean_e2el_ms,
            deviation: self.std_e2el_ms,
            p50: self.median_e2el_ms,
            p90: self.p90_e2el_ms,
            p95: self.p95_e2el_ms,
            p99: self.p99_e2el_ms,
            ..Statistics::default()
        }
    }
}
