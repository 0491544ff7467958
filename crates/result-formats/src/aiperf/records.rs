use serde::Deserialize;

use crate::content::Content;
use crate::number::{self, Number};
use crate::records;
use crate::refusal::Problem;
use crate::said::Said;
use crate::tally::{Success, Tally};
use crate::unit::{Dimension, Unit};

/// What is of use of a line.
#[derive(Debug, Deserialize)]
#[serde(expecting = "the record of a request")]
struct Record {
    metadata: Metadata,
    metrics: Metrics,
    error: Option<Said>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    request_start_ns: Option<u64>,
    request_end_ns: Option<u64>,
    benchmark_phase: Option<Phase>,
    was_cancelled: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Profiling,
    #[serde(other)]
    Another,
}

#[derive(Debug, Deserialize)]
struct Metrics {
    time_to_first_token: Option<Figure>,
    request_latency: Option<Figure>,
    output_sequence_length: Option<Figure>,
    inter_chunk_latency: Option<Figures>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Figure {
    value: Number,
    unit: Unit,
}

#[derive(Debug, Deserialize)]
struct Figures {
    value: Vec<Number>,
    unit: Unit,
}

/// What the lines add up to.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) tally: Tally,
    /// Requests of the warm-up.
    warm_up: u64,
    /// Requests that the tool broke off.
    pub(super) cancelled: u64,
}

impl Records {
    /// Reads the lines one by one.
    pub(super) fn read(content: &mut Content<'_>) -> Result<Self, Problem> {
        let mut all = Self::default();
        let mut lines = records::Records::of_lines(content);
        while let Some(record) = lines.next::<Record>()? {
            if record.metadata.benchmark_phase == Some(Phase::Another) {
                all.warm_up += 1;
            } else if record.metadata.was_cancelled == Some(true) {
                all.cancelled += 1;
            } else {
                record.add_to(&mut all.tally).map_err(|problem| lines.at(problem))?;
            }
        }
        Ok(all)
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let notes = [
            (self.warm_up, "Requests of the warm-up passed over"),
            (self.cancelled, "Requests passed over that the tool broke off"),
        ];
        let notes = notes.into_iter().filter(|(count, _)| *count > 0);
        let notes = notes.map(|(count, what)| format!("{what}: {count}."));
        notes.chain(self.tally.notes()).collect()
    }
}

impl Record {
    fn add_to(self, tally: &mut Tally) -> Result<(), Problem> {
        let Self { metadata, metrics, error } = self;
        if let Some((start, end)) = metadata.request_start_ns.zip(metadata.request_end_ns) {
            tally.lasted(start as f64 / 1e9, end as f64 / 1e9)?;
        }
        if error.is_some_and(|Said(error)| error) {
            tally.fail();
            return Ok(());
        }
        let e2e_latency = metrics
            .request_latency
            .ok_or_else(|| Problem::at("request_latency", "it is missing"))?
            .seconds("request_latency")?;
        let ttft = metrics.time_to_first_token.map(|ttft| ttft.seconds("time_to_first_token"));
        let output_tokens = metrics.output_sequence_length.map(|length| length.value);
        let gaps = metrics.inter_chunk_latency.map(Figures::seconds).transpose()?;
        tally.succeed(Success {
            ttft: ttft.transpose()?,
            e2e_latency,
            output_tokens: number::optional_count("output_sequence_length", output_tokens)?,
            gaps: gaps.as_deref(),
        })
    }
}

impl Figure {
    fn seconds(self, field: &str) -> Result<f64, Problem> {
        Ok(self.value.0 / per_second(field, self.unit)?)
    }
}

impl Figures {
    fn seconds(self) -> Result<Vec<f64>, Problem> {
        let per_second = per_second("inter_chunk_latency", self.unit)?;
        Ok(self.value.into_iter().map(|Number(gap)| gap / per_second).collect())
    }
}

fn per_second(field: &str, unit: Unit) -> Result<f64, Problem> {
    match unit.dimension() {
        Dimension::Time => Ok(unit.per_one()),
        _ => Err(Problem::at(field, "its unit is none of a time")),
    }
}
