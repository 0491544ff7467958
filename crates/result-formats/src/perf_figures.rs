use std::collections::BTreeMap;

use benchmark_domain::{Conditions, Measurement, MetricName, Requests};
use serde::Deserialize;

use crate::figures::Figures;
use crate::number;
use crate::refusal::Problem;
use crate::statistics::{Reading, Statistics};

/// The figures of a run as genai-perf and its successor aiperf write them, each
/// with its unit.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a summary object")]
pub(crate) struct PerfFigures {
    request_count: Option<Statistics>,
    request_throughput: Option<Statistics>,
    request_latency: Option<Statistics>,
    time_to_first_token: Option<Statistics>,
    /// Of each request the mean between its tokens: the domain's TPOT.
    inter_token_latency: Option<Statistics>,
    output_token_throughput: Option<Statistics>,
    input_sequence_length: Option<Statistics>,
    output_sequence_length: Option<Statistics>,
}

impl PerfFigures {
    /// How many requests succeeded.
    pub(crate) fn succeeded(&self) -> Result<u64, Problem> {
        number::count("request_count", self.request_count.and_then(|count| count.mean))
    }

    /// How long a request took on average, in seconds.
    pub(crate) fn mean_latency(&self) -> Result<Option<f64>, Problem> {
        const FIELD: &str = "request_latency";
        let Some(latency) = self.request_latency else { return Ok(None) };
        let measured = latency.measurement(FIELD, Reading::of_requests(1, None))?;
        Ok(measured.map(|latency| latency.mean()))
    }

    /// The lengths that were measured.
    pub(crate) fn lengths(&self) -> Result<Conditions, Problem> {
        let whole = |field, length: Option<Statistics>| {
            length.map_or(Ok(None), |length| length.whole(field))
        };
        Ok(Conditions {
            input_tokens: whole("input_sequence_length", self.input_sequence_length)?,
            output_tokens: whole("output_sequence_length", self.output_sequence_length)?,
            ..Conditions::default()
        })
    }

    /// The metrics whose definition is the domain's.
    pub(crate) fn measurements(
        &self,
        requests: Requests,
    ) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let figures = Figures {
            rps: ("request_throughput", self.request_throughput),
            system_tps: ("output_token_throughput", self.output_token_throughput),
            ttft: ("time_to_first_token", self.time_to_first_token),
            e2e_latency: ("request_latency", self.request_latency),
            tpot: ("inter_token_latency", self.inter_token_latency),
            least_output_tokens: self.output_sequence_length.and_then(|length| length.min),
        };
        figures.measurements(requests, None)
    }
}

/// The note on what these figures do not tell.
pub(crate) const NO_TPS: &str = "TPS is left out: the file's throughput per user is the inverse of \
                                 its inter-token latency, without the wait for the first token.";
