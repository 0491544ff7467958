use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::content::Content;
use crate::number::{self, Number};
use crate::records::Records;
use crate::refusal::Problem;
use crate::said::Said;
use crate::tally::{Success, Tally};

/// How a client that does not stream writes that it saw no first token.
const NOT_STREAMED: f64 = -1.0;

/// One request. The generated text and the tool's own derived figures are
/// skipped.
#[derive(Deserialize)]
#[serde(expecting = "the record of a request")]
struct Record {
    error_code: Option<IgnoredAny>,
    error_msg: Option<Said>,
    ttft_s: Option<Number>,
    end_to_end_latency_s: Option<Number>,
    number_output_tokens: Option<Number>,
}

/// What the records add up to, for the domain and for the tool.
#[derive(Default)]
pub(super) struct Individual {
    pub(super) tally: Tally,
    /// Requests with an error code: what the tool itself counts as failed.
    pub(super) marked_failures: u64,
    /// Failures without a code, which the tool counts as completed: a stream
    /// that broke off with a message, or an answer without content.
    pub(super) unmarked_failures: u64,
    /// Of all requests without an error code, zeros included.
    ttft_as_the_tool_adds_it: f64,
}

impl Individual {
    /// Reads the records one by one.
    pub(super) fn read(content: &mut Content<'_>) -> Result<Self, Problem> {
        let mut individual = Self::default();
        let mut records = Records::of_list(content)?;
        while let Some(record) = records.next::<Record>()? {
            individual.add(&record).map_err(|problem| records.at(problem))?;
        }
        match individual.tally.attempted() {
            0 => Err(Problem::new("the list is empty")),
            _ => Ok(individual),
        }
    }

    /// The mean TTFT that the tool's summary shows, `None` if all failed.
    pub(super) fn mean_ttft_as_the_tool_has_it(&self) -> Option<f64> {
        let completed = self.tally.attempted() - self.marked_failures;
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
        notes.extend(self.tally.notes());
        notes
    }

    fn add(&mut self, record: &Record) -> Result<(), Problem> {
        if record.error_code.is_some() {
            self.marked_failures += 1;
            self.tally.fail();
            return Ok(());
        }
        let ttft = record.ttft_s.map_or(0.0, |Number(ttft)| ttft);
        self.ttft_as_the_tool_adds_it += ttft;
        let no_content = record.ttft_s.is_some() && ttft == 0.0;
        if no_content || record.error_msg.is_some_and(|Said(message)| message) {
            self.unmarked_failures += 1;
            self.tally.fail();
            return Ok(());
        }
        self.tally.succeed(record.success()?)
    }
}

impl Record {
    fn success(&self) -> Result<Success<'static>, Problem> {
        let e2e_latency = number::positive("end_to_end_latency_s", self.end_to_end_latency_s)?;
        let output_tokens = number::count("number_output_tokens", self.number_output_tokens)?;
        let ttft = match number::required("ttft_s", self.ttft_s)? {
            NOT_STREAMED => None,
            _ => Some(number::sample("ttft_s", self.ttft_s)?),
        };
        Ok(Success { ttft, e2e_latency, output_tokens: Some(output_tokens), gaps: None })
    }
}
