use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use benchmark_domain::{LlmId, RankingScope, Run, RunId, RunParts, Timestamp};
use benchmark_ports::{
    PageLimit, RecordOutcome, RecordedRun, RecordedRuns, RunFilter, RunStore, StoreError,
};

use crate::MemoryStore;
use crate::store::State;

#[async_trait]
impl RunStore for MemoryStore {
    async fn record(
        &self,
        runs: &[Run],
        recorded_at: Timestamp,
    ) -> Result<RecordedRuns, StoreError> {
        let mut state = self.state();
        for metric in runs.iter().flat_map(|run| run.measurements().keys()) {
            if !state.metrics.contains_key(metric) {
                return Err(StoreError::failed(format!("there is no metric {metric}")));
            }
        }
        let mut affected = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(runs.len());
        for run in runs {
            outcomes.push(if state.runs.contains_key(&run.id()) {
                RecordOutcome::Known
            } else {
                affected.extend(state.record(run, recorded_at)?);
                RecordOutcome::New
            });
        }
        for scope in &affected {
            state.rankings.entry(scope.clone()).or_default().revision.0 += 1;
        }
        Ok(RecordedRuns { outcomes, affected: affected.into_iter().collect() })
    }

    async fn run(&self, id: RunId) -> Result<Option<RecordedRun>, StoreError> {
        Ok(self.state().runs.get(&id).cloned())
    }

    async fn runs(
        &self,
        filter: &RunFilter,
        after: Option<RunId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<RecordedRun>>, StoreError> {
        let state = self.state();
        let RunFilter { workload, llm, source } = filter;
        let llm = llm.map(|id| state.llms.get(&id));
        let mut runs: Vec<_> = state
            .runs
            .values()
            .filter(|RecordedRun { run, .. }| {
                workload.as_ref().is_none_or(|slug| run.workload.slug == *slug)
                    && llm.is_none_or(|llm| llm == Some(&run.llm))
                    && source.is_none_or(|source| run.source == source)
            })
            .collect();
        if let Some(after) = after {
            let Some(after) = state.runs.get(&after) else { return Ok(None) };
            runs.retain(|run| newest_first(run) > newest_first(after));
        }
        runs.sort_by_key(|run| newest_first(run));
        Ok(Some(runs.into_iter().take(limit.get()).cloned().collect()))
    }
}

fn newest_first(recorded: &RecordedRun) -> Reverse<(Timestamp, RunId)> {
    Reverse((recorded.run.started_at, recorded.run.id()))
}

impl State {
    /// Stores a new run and tells what it says something about.
    fn record(
        &mut self,
        run: &Run,
        recorded_at: Timestamp,
    ) -> Result<impl Iterator<Item = RankingScope>, StoreError> {
        let id: LlmId = run.llm.id();
        self.llms.entry(id).or_insert_with(|| run.llm.clone());
        let slug = run.workload.slug.clone();
        let workload = self.workloads.entry(slug.clone()).or_insert_with(|| run.workload.clone());
        let parts = RunParts { workload: workload.clone(), ..RunParts::clone(run) };
        // The conditions of a workload are no part of a run's identity.
        let run = Run::new(parts).map_err(StoreError::failed)?;
        let metrics: Vec<_> = run.measurements().keys().cloned().collect();
        self.runs.insert(run.id(), RecordedRun { run, recorded_at });
        Ok(metrics.into_iter().map(move |metric| RankingScope { metric, workload: slug.clone() }))
    }
}
