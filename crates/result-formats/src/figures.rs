use std::collections::BTreeMap;

use benchmark_domain::{Measurement, MetricName, Requests, metrics};

use crate::number::Number;
use crate::refusal::Problem;
use crate::statistics::{self, Reading, Statistics};
use crate::unit::{Dimension, Unit};

/// What a tool tells of a run without its requests.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) rps: Figure,
    pub(crate) system_tps: Figure,
    pub(crate) ttft: Figure,
    pub(crate) e2e_latency: Figure,
    pub(crate) tpot: Figure,
    /// How many tokens the shortest answer had.
    pub(crate) least_output_tokens: Option<Number>,
}

/// The field in which a quantity stands, and what it says.
pub(crate) type Figure = (&'static str, Option<Statistics>);

impl Figures {
    /// The measurements of so many requests, times in this unit where the file
    /// declares none.
    pub(crate) fn measurements(
        self,
        requests: Requests,
        unit: Option<Unit>,
    ) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let Self { rps, system_tps, ttft, e2e_latency, tpot, least_output_tokens } = self;
        let succeeded = requests.succeeded();
        let times = Reading::of_requests(succeeded, unit);
        // Answers of one token have no time per output token.
        let all_have = least_output_tokens.is_some_and(|Number(tokens)| tokens >= 2.0);
        let tpots = Reading { count: times.count.filter(|_| all_have), ..times };
        let mut measurements = BTreeMap::new();
        for (metric, (field, statistics), reading) in [
            (metrics::RPS, rps, Reading::of_rate(Dimension::RequestRate)),
            (metrics::SYSTEM_TPS, system_tps, Reading::of_rate(Dimension::TokenRate)),
            (metrics::TTFT, ttft, times),
            (metrics::E2E_LATENCY, e2e_latency, times),
            (metrics::TPOT, tpot, tpots),
        ] {
            if succeeded > 0 || reading.dimension != Dimension::Time {
                let quantity = (metric, field, statistics);
                measurements.extend(statistics::measurements([quantity], reading)?);
            }
        }
        Ok(measurements)
    }
}

/// The requests of a run of which a tool tells how many went how.
pub(crate) fn requests(field: &str, succeeded: u64, failed: u64) -> Result<Requests, Problem> {
    Requests::new(succeeded.saturating_add(failed), failed)
        .ok_or_else(|| Problem::at(field, "it is too large"))
}

/// The same where it tells how many were sent too, if the counts add up.
pub(crate) fn requests_sent(
    field: &str,
    sent: u64,
    succeeded: u64,
    failed: u64,
) -> Result<Requests, Problem> {
    let requests = Requests::new(sent, failed);
    requests.filter(|requests| requests.succeeded() == succeeded).ok_or_else(|| {
        let what = format_args!("{succeeded} and {failed} failed are not the {sent} sent");
        Problem::at(field, what)
    })
}

/// What is said of a TPOT without a count.
pub(crate) const UNCOUNTED_TPOT: &str = "Of how many requests TPOT is, is not known: answers of one token have none, and the file does \
     not tell whether there were any.";
