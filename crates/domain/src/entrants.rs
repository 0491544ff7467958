use std::collections::BTreeMap;

use crate::contender::Contender;
use crate::llm::{Llm, LlmId};
use crate::pooled_runs::PooledRuns;
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
