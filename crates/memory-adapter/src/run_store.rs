use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use benchmark_domain::{LlmId, MetricName, RankingScope, Run, RunId, RunParts, Timestamp, Verdict};
use benchmark_ports::{
    IdempotencyKey, OtherLabels, PageLimit, RecordOutcome, RecordedRun, RecordedRuns, Recording,
    RunFilter, RunStore, SUBMISSIONS_KEPT, StoreError, Submission,
};

use crate::MemoryStore;
use crate::store::{KnownSubmission, State};

#[async_trait]
impl RunStore for MemoryStore {
    async fn record(
        &self,
        runs: &[Run],
        recorded_at: Timestamp,
        submission: Option<&Submission>,
    ) -> Result<Recording, StoreError> {
        let mut state = self.state();
        state.submissions.retain(|_, known| known.recorded_at + SUBMISSIONS_KEPT > recorded_at);
        if let Some(known) = submission.and_then(|sent| state.submissions.get(&name_of(sent))) {
            let same = submission.is_some_and(|sent| sent.digest == known.digest);
            let replayed = || Recording::Replayed(known.outcomes.clone());
            return Ok(if same { replayed() } else { Recording::KeyTaken });
        }
        let known = OtherLabels::labelled(runs).into_iter();
        let known = known.filter_map(|slug| state.workloads.get(slug).cloned());
        if let Some(others) = OtherLabels::among(runs, known) {
            return Ok(Recording::OtherLabels(others));
        }
        for metric in runs.iter().flat_map(|run| run.measurements().keys()) {
            if !state.metrics.contains_key(metric) {
                return Err(StoreError::failed(format!("there is no metric {metric}")));
            }
        }
        let mut moved = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(runs.len());
        for run in runs {
            outcomes.push(if state.runs.contains_key(&run.id()) {
                RecordOutcome::Known
            } else {
                if state.record(run, recorded_at)?.is_rankable() {
                    moved.insert((&run.workload.slug, &run.llm));
                }
                RecordOutcome::New
            });
        }
        // New runs are among them, and so is what they measured first.
        let theirs = state
            .runs
            .values()
            .filter(|recorded| recorded.verdict.is_rankable())
            .map(|recorded| &recorded.run)
            .filter(|run| moved.contains(&(&run.workload.slug, &run.llm)));
        let affected: BTreeSet<_> = theirs.flat_map(scopes).collect();
        for scope in &affected {
            state.rankings.entry(scope.clone()).or_default().revision.0 += 1;
        }
        if let Some(sent) = submission {
            let (digest, outcomes) = (sent.digest, outcomes.clone());
            let known = KnownSubmission { digest, outcomes, recorded_at };
            state.submissions.insert(name_of(sent), known);
        }
        let affected = affected.into_iter().collect();
        Ok(Recording::Recorded(RecordedRuns { outcomes, affected }))
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
        let RunFilter { workload, llm, source, verdict } = filter;
        let llm = llm.map(|id| state.llms.get(&id));
        let mut runs: Vec<_> = state
            .runs
            .values()
            .filter(|RecordedRun { run, verdict: found, .. }| {
                workload.as_ref().is_none_or(|slug| run.workload.slug == *slug)
                    && llm.is_none_or(|llm| llm == Some(&run.llm))
                    && source.is_none_or(|source| run.source == source)
                    && verdict.is_none_or(|verdict| found.grade == verdict)
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

/// What a submission is known by.
fn name_of(submission: &Submission) -> (String, IdempotencyKey) {
    (submission.sender.clone(), submission.key.clone())
}

fn newest_first(recorded: &RecordedRun) -> Reverse<(Timestamp, RunId)> {
    Reverse((recorded.run.started_at, recorded.run.id()))
}

impl State {
    /// Stores a new run, and tells how it was judged.
    fn record(&mut self, run: &Run, recorded_at: Timestamp) -> Result<&Verdict, StoreError> {
        let verdict = Verdict::of(run);
        let id: LlmId = run.llm.id();
        self.llms.entry(id).or_insert_with(|| run.llm.clone());
        let slug = run.workload.slug.clone();
        let workload = self.workloads.entry(slug).or_insert_with(|| run.workload.clone());
        let parts = RunParts { workload: workload.clone(), ..RunParts::clone(run) };
        // The conditions of a workload are no part of a run's identity.
        let run = Run::new(parts).map_err(StoreError::failed)?;
        let recorded = RecordedRun { run, recorded_at, verdict };
        Ok(&self.runs.entry(recorded.run.id()).insert_entry(recorded).into_mut().verdict)
    }
}

/// What a run says something about.
fn scopes(run: &Run) -> impl Iterator<Item = RankingScope> {
    let workload = &run.workload.slug;
    let scope =
        |metric: &MetricName| RankingScope { metric: metric.clone(), workload: workload.clone() };
    run.measurements().keys().map(scope)
}
