use std::collections::BTreeMap;

use super::request::SimulatedRequest;
use crate::measurement::Measurement;
use crate::metric::{MetricName, metrics};
use crate::summary::{InvalidSample, Summary};

/// What the requests of a run add up to.
#[derive(Default)]
pub(super) struct Tally {
    failed: u64,
    ttft: Summary,
    tpot: Summary,
    e2e_latency: Summary,
    tps: Summary,
    seconds: f64,
    tokens: u64,
}

impl Tally {
    /// Takes in a request, `None` for one that failed.
    #[inline]
    pub(super) fn add(&mut self, request: Option<SimulatedRequest>) -> Result<(), InvalidSample> {
        let Some(request) = request else {
            self.failed += 1;
            return Ok(());
        };
        let e2e_latency = request.e2e_latency();
        self.ttft.add(request.ttft)?;
        self.tpot.add(request.tpot)?;
        self.e2e_latency.add(e2e_latency)?;
        self.tps.add(request.tps())?;
        self.seconds += e2e_latency;
        self.tokens += u64::from(request.output_tokens);
        Ok(())
    }

    pub(super) fn succeeded(&self) -> u64 {
        self.ttft.count()
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// What was measured while so many requests were in flight at a time.
    pub(super) fn measurements(
        self,
        concurrency: f64,
    ) -> Result<BTreeMap<MetricName, Measurement>, InvalidSample> {
        let Self { failed: _, ttft, tpot, e2e_latency, tps, seconds, tokens } = self;
        let window = seconds / concurrency;
        let rps = Summary::from_samples(&[ttft.count() as f64 / window])?;
        let system_tps = Summary::from_samples(&[tokens as f64 / window])?;
        let summaries = [
            (metrics::TTFT, ttft),
            (metrics::TPOT, tpot),
            (metrics::E2E_LATENCY, e2e_latency),
            (metrics::TPS, tps),
            (metrics::SYSTEM_TPS, system_tps),
            (metrics::RPS, rps),
        ];
        Ok(summaries.map(|(metric, summary)| (metric, Measurement::Sampled(summary))).into())
    }
}
