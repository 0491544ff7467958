use std::collections::BTreeMap;

use crate::contender::Contender;
use crate::llm::{Llm, LlmId};
use crate::pooled_runs::{PooledRuns, RunMeasurement};
use crate::ranking::Tier;
use crate::run::Requests;

/// The contenders of a ranking in the making: a store adds what it finds of them,
/// in any order and in pieces of any size.
#[derive(Debug, Default)]
pub struct Entrants(BTreeMap<LlmId, Entrant>);

/// Not every LLM with requests has runs that measured the metric.
#[derive(Debug, Default)]
struct Entrant {
    measured: Option<(Llm, PooledRuns)>,
    requests: Requests,
}

impl Entrants {
    /// Adds runs of an LLM that measured the metric.
    pub fn add_runs(&mut self, llm: Llm, runs: &PooledRuns) {
        let entrant = self.0.entry(llm.id()).or_default();
        let (_, all) = entrant.measured.get_or_insert_with(|| (llm, PooledRuns::default()));
        all.merge(runs);
    }

    /// Adds the latest run of an LLM that measured the metric, with its requests.
    pub fn add_latest(&mut self, llm: Llm, run: &RunMeasurement) {
        self.add_requests(llm.id(), run.requests);
        self.add_runs(llm, &PooledRuns::from(run));
    }

    /// Says which run of an LLM is its newest, whatever that one measured. Where most
    /// of its requests failed, they count in place of those of an older
    /// [latest](Self::add_latest) one: what worked before does not work now.
    pub fn mention_newest(&mut self, llm: LlmId, run: &RunMeasurement) {
        let Some(Entrant { measured: Some((_, runs)), requests }) = self.0.get_mut(&llm) else {
            return;
        };
        let is_newer = runs.newest().is_none_or(|latest| latest.age() < (run.started_at, run.run));
        if is_newer && Tier::of(run.requests) == Tier::MostlyFailed {
            *requests = run.requests;
        }
    }

    /// Adds requests of an LLM's runs on the workload, whatever they measured.
    pub fn add_requests(&mut self, llm: LlmId, requests: Requests) {
        let entrant = self.0.entry(llm).or_default();
        entrant.requests = entrant.requests.plus(requests);
    }

    /// The LLMs with runs that measured the metric.
    pub fn into_contenders(self) -> Vec<Contender> {
        let contender = |Entrant { measured, requests }| {
            let (llm, runs) = measured?;
            Some(Contender { llm, runs, requests })
        };
        self.0.into_values().filter_map(contender).collect()
    }
}
