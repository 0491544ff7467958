use std::collections::BTreeMap;

use benchmark_domain::{Conditions, Measurement, MetricName, Tool, metrics};

use super::layout::{Benchmark, Distribution, Metrics, Setting, Strategy, Successful};
use super::requests::Request;
use crate::figures;
use crate::header::{self, Header};
use crate::number::{self, Number};
use crate::refusal::Problem;
use crate::report::Report;
use crate::result_file::FileName;
use crate::statistics::{self, Reading, once};
use crate::tally::Tally;
use crate::unit::Unit;

impl Benchmark {
    pub(super) fn report(
        self,
        setting: &Setting,
        file: &FileName,
        tool: Tool,
        notes: &mut Vec<String>,
    ) -> Result<Report, Problem> {
        let header = self.header(setting, file);
        if setting.prompt_tokens.or(setting.output_tokens).is_none() {
            notes.push(header::MEASURED_LENGTHS.to_owned());
        }
        let (requests, measurements) = match self.tally(notes)? {
            Some(tally) => {
                notes.extend(tally.notes());
                (tally.requests()?, tally.into_measurements()?)
            }
            None => {
                notes.extend(LEFT_OUT.map(str::to_owned));
                let (successful, errored) = self.counts()?;
                let requests = figures::requests("request_totals", successful, errored)?;
                (requests, self.reported(successful)?)
            }
        };
        Ok(Report { header, tool, requests, measurements })
    }

    fn header(&self, setting: &Setting, file: &FileName) -> Header {
        let started_at = self.start();
        Header {
            of: file.clone(),
            provider: header::provider("provider", setting.provider.as_deref()),
            llm: header::llm("model", self.model().or(setting.model.as_deref())),
            started_at: started_at.map(|at| number::unix_time("start_time", Some(at))).transpose(),
            conditions: self.conditions(setting),
            lengths: setting.lengths(),
        }
    }

    fn conditions(&self, setting: &Setting) -> Result<Conditions, Problem> {
        let measured = |field, distribution: &Option<Successful>| {
            successful(distribution).map_or(Ok(None), |found| found.statistics().whole(field))
        };
        let input_tokens = match setting.prompt_tokens {
            Some(asked) => Some(asked),
            None => measured("prompt_token_count", &self.metrics.prompt_token_count)?,
        };
        let output_tokens = match setting.output_tokens {
            Some(asked) => Some(asked),
            None => measured("output_token_count", &self.metrics.output_token_count)?,
        };
        let (concurrency, request_rate) = match self.strategy() {
            None => (None, None),
            Some(strategy) => strategy.load()?,
        };
        Ok(Conditions {
            input_tokens,
            output_tokens,
            concurrency,
            request_rate,
            ..Conditions::default()
        })
    }

    /// What the single requests add up to, if all of them are there.
    fn tally(&self, notes: &mut Vec<String>) -> Result<Option<Tally>, Problem> {
        let Some(requests) = &self.requests else { return Ok(None) };
        let successful = requests.successful.as_deref().unwrap_or_default();
        let errored = requests.errored.as_deref().unwrap_or_default();
        let measured = self.measured();
        let counted = |requests: &[Request]| {
            requests.iter().filter(|request| request.reaches_into(measured)).count() as u64
        };
        if self.totals().is_some() && self.counts()? != (counted(successful), counted(errored)) {
            notes.push("The file holds a sample of its requests alone.".to_owned());
            return Ok(None);
        }
        let span = self.between_transients();
        let mut tally = Tally::default();
        let mut passed_over = 0_u64;
        for (number, request) in (1..).zip(successful) {
            if request.is_within(span) {
                let place = format_args!("successful request {number}");
                request.succeed(&mut tally).map_err(|problem| problem.within(place))?;
            } else {
                passed_over += 1;
            }
        }
        for (number, request) in (1..).zip(errored) {
            if request.is_within(span) {
                let place = format_args!("errored request {number}");
                request.fail(&mut tally).map_err(|problem| problem.within(place))?;
            } else {
                passed_over += 1;
            }
        }
        if passed_over > 0 && tally.attempted() == 0 {
            let what = "no request was sent and over between the warm-up and the cool-down";
            return Err(Problem::new(what));
        }
        if passed_over > 0 {
            notes
                .push(format!("Requests of the warm-up and cool-down passed over: {passed_over}."));
        }
        Ok(Some(tally))
    }

    /// How many requests succeeded and how many failed.
    fn counts(&self) -> Result<(u64, u64), Problem> {
        let totals = self.totals().ok_or_else(|| Problem::at("request_totals", "it is missing"))?;
        let successful = number::count("request_totals: successful", totals.successful)?;
        let errored = number::count("request_totals: errored", totals.errored)?;
        Ok((successful, errored))
    }

    /// The tool's own figures.
    fn reported(&self, succeeded: u64) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let tokens = successful(&self.metrics.output_token_count).and_then(|of| of.total_sum);
        let mut measurements = BTreeMap::new();
        if let Some(duration) = self.duration {
            let seconds = number::positive("duration", Some(duration))?;
            let rps = Number(succeeded as f64 / seconds);
            let system_tps = tokens.map(|Number(tokens)| Number(tokens / seconds));
            measurements.extend(once([
                (metrics::RPS, "request_totals: successful", Some(rps)),
                (metrics::SYSTEM_TPS, "output_token_count: total_sum", system_tps),
            ])?);
        }
        let Metrics { time_to_first_token_ms, request_latency, .. } = &self.metrics;
        for (metric, field, unit, distribution) in [
            (metrics::TTFT, "time_to_first_token_ms", Unit::Milliseconds, time_to_first_token_ms),
            (metrics::E2E_LATENCY, "request_latency", Unit::Seconds, request_latency),
        ] {
            let Some(distribution) = successful(distribution) else { continue };
            let count = number::optional_count(field, distribution.count)?.unwrap_or(succeeded);
            // A distribution of nothing is all zeros.
            if count > 0 {
                let quantity = (metric, field, Some(distribution.statistics()));
                let reading = Reading::of_requests(count, Some(unit));
                measurements.extend(statistics::measurements([quantity], reading)?);
            }
        }
        Ok(measurements)
    }
}

fn successful(distribution: &Option<Successful>) -> Option<&Distribution> {
    distribution.as_ref()?.successful.as_ref()
}

impl Strategy {
    /// Requests in flight and requests per second, as far as they were set.
    fn load(&self) -> Result<(Option<u32>, Option<f64>), Problem> {
        let synchronous = self.kind.as_deref() == Some("synchronous");
        let streams = self.streams.or(self.max_concurrency);
        let streams = streams.or(synchronous.then_some(Number(1.0)));
        let concurrency = number::rounded("strategy: streams", streams)?;
        let request_rate = header::request_rate("strategy: rate", self.rate)?;
        Ok((concurrency, request_rate))
    }
}

const LEFT_OUT: [&str; 3] = [
    "TPOT is left out: the file's time per output token includes the first one, and its \
     inter-token latency weighs requests by their tokens.",
    "ITL is left out: the file's is a mean of each request.",
    "TPS is left out: it takes the tokens and latencies of single requests.",
];
