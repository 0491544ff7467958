use std::collections::BTreeMap;
use std::fmt;

use benchmark_domain::{Measurement, MetricName, Requests, Summary, metrics};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::number::{self, Number};
use crate::refusal::Problem;

/// How a client that does not stream writes that it saw no first token.
const NOT_STREAMED: f64 = -1.0;

/// One request. The generated text and the tool's own derived figures are
/// skipped.
#[derive(Deserialize)]
#[serde(expecting = "the record of a request")]
struct Record {
    error_code: Option<IgnoredAny>,
    error_msg: Option<Message>,
    ttft_s: Option<Number>,
    end_to_end_latency_s: Option<Number>,
    number_output_tokens: Option<Number>,
}

/// Mostly text, but an endpoint's error object is passed on as it came.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Text(String),
    Other(IgnoredAny),
}

impl Record {
    fn has_message(&self) -> bool {
        match &self.error_msg {
            None => false,
            Some(Message::Text(text)) => !text.trim().is_empty(),
            Some(Message::Other(IgnoredAny)) => true,
        }
    }
}

/// What the records of all requests add up to, request by request, so that a
/// file's length costs no memory.
#[derive(Default)]
pub(super) struct Tally {
    ttft: Summary,
    tpot: Summary,
    e2e_latency: Summary,
    tps: Summary,
    pub(super) attempted: u64,
    /// Requests with an error code: what the tool itself counts as failed.
    pub(super) marked_failures: u64,
    /// Failures without a code, which the tool counts as completed: a stream
    /// that broke off with a message, or an answer without content.
    pub(super) unmarked_failures: u64,
    not_streamed: u64,
    /// Of all requests without an error code, zeros included.
    ttft_as_the_tool_adds_it: f64,
    first_problem: Option<Problem>,
}

impl Tally {
    /// The tally itself, if every record was in order.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        match self.first_problem {
            Some(problem) => Err(problem),
            None if self.attempted == 0 => Err(Problem::new("the list is empty")),
            None => Ok(self),
        }
    }

    pub(super) fn requests(&self) -> Result<Requests, Problem> {
        Requests::new(self.attempted, self.marked_failures + self.unmarked_failures)
            .ok_or_else(|| Problem::new("it has more requests than can be counted"))
    }

    /// The mean TTFT that the tool's summary shows, `None` if all failed.
    pub(super) fn mean_ttft_as_the_tool_has_it(&self) -> Option<f64> {
        let completed = self.attempted - self.marked_failures;
        (completed > 0).then(|| self.ttft_as_the_tool_adds_it / completed as f64)
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.unmarked_failures > 0 {
            notes.push(format!(
                "Requests counted as failed although they have no error code, for an error \
                 message or for no content: {}.",
                self.unmarked_failures
            ));
        }
        if self.not_streamed > 0 {
            notes.push(format!(
                "Requests without TTFT and TPOT, since they were not streamed: {}.",
                self.not_streamed
            ));
        }
        notes
    }

    /// The metrics of which there are samples.
    pub(super) fn into_measurements(self) -> BTreeMap<MetricName, Measurement> {
        [
            (metrics::TTFT, self.ttft),
            (metrics::TPOT, self.tpot),
            (metrics::E2E_LATENCY, self.e2e_latency),
            (metrics::TPS, self.tps),
        ]
        .into_iter()
        .filter_map(|(metric, summary)| Some((metric, Measurement::sampled(summary).ok()?)))
        .collect()
    }

    fn add(&mut self, record: &Record) -> Result<(), Problem> {
        if record.error_code.is_some() {
            self.marked_failures += 1;
            return Ok(());
        }
        let ttft = record.ttft_s.map_or(0.0, |Number(ttft)| ttft);
        self.ttft_as_the_tool_adds_it += ttft;
        let no_content = record.ttft_s.is_some() && ttft == 0.0;
        if no_content || record.has_message() {
            self.unmarked_failures += 1;
            return Ok(());
        }
        self.add_success(record)
    }

    fn add_success(&mut self, record: &Record) -> Result<(), Problem> {
        let e2e = number::positive("end_to_end_latency_s", record.end_to_end_latency_s)?;
        let tokens = number::count("number_output_tokens", record.number_output_tokens)? as f64;
        let add = |summary: &mut Summary, metric: MetricName, value| {
            summary.add(value).map_err(|invalid| Problem::at(metric, invalid))
        };
        add(&mut self.e2e_latency, metrics::E2E_LATENCY, e2e)?;
        add(&mut self.tps, metrics::TPS, tokens / e2e)?;

        if number::required("ttft_s", record.ttft_s)? == NOT_STREAMED {
            self.not_streamed += 1;
            return Ok(());
        }
        let ttft = number::sample("ttft_s", record.ttft_s)?;
        if ttft > e2e {
            let excess = format_args!("{ttft} is above end_to_end_latency_s, {e2e}");
            return Err(Problem::at("ttft_s", excess));
        }
        add(&mut self.ttft, metrics::TTFT, ttft)?;
        if tokens >= 2.0 {
            add(&mut self.tpot, metrics::TPOT, (e2e - ttft) / (tokens - 1.0))?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Records;

        impl<'de> Visitor<'de> for Records {
            type Value = Tally;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of requests")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<Tally, A::Error> {
                let mut tally = Tally::default();
                while let Some(record) = records.next_element()? {
                    tally.attempted += 1;
                    if let Err(problem) = tally.add(&record)
                        && tally.first_problem.is_none()
                    {
                        let place = format_args!("record {}", tally.attempted);
                        tally.first_problem = Some(problem.within(place));
                    }
                }
                Ok(tally)
            }
        }

        deserializer.deserialize_seq(Records)
    }
}
