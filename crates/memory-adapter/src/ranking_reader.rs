use std::collections::BTreeMap;

use async_trait::async_trait;
use benchmark_domain::{
    Entrants, HistorySpan, Llm, MetricName, PooledRuns, Publication, RankingScope, Run, RunId,
    RunMeasurement, Timestamp, Window, metrics,
};
use benchmark_ports::{Contenders, CurrentRanking, PageLimit, RankingReader, Revision, StoreError};

use crate::MemoryStore;

#[async_trait]
impl RankingReader for MemoryStore {
    async fn contenders(
        &self,
        scope: &RankingScope,
        window: Window,
        now: Timestamp,
    ) -> Result<Contenders, StoreError> {
        let state = self.state();
        let starts_at = window.starts_at(now);
        let mut by_llm: BTreeMap<&Llm, Vec<&Run>> = BTreeMap::new();
        let rankable = state.runs.values().filter(|recorded| recorded.verdict.is_rankable());
        for run in rankable.map(|recorded| &recorded.run) {
            let too_early = starts_at.is_some_and(|start| run.started_at < start);
            if run.workload.slug == scope.workload && !too_early {
                by_llm.entry(&run.llm).or_default().push(run);
            }
        }
        let mut entrants = Entrants::default();
        for (llm, runs) in by_llm {
            add(&mut entrants, llm, &runs, &scope.metric, window);
        }
        let revision = state.rankings.get(scope).map(|ranking| ranking.revision);
        Ok(Contenders {
            revision: revision.unwrap_or_default(),
            contenders: entrants.into_contenders(),
        })
    }

    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError> {
        let state = self.state();
        let Some(ranking) = state.rankings.get(scope) else { return Ok(None) };
        let newest = ranking.publications.last_key_value();
        Ok(newest.map(|(basis, publication)| CurrentRanking {
            entries: publication.entries.clone(),
            up_to_date: *basis >= ranking.revision,
        }))
    }

    async fn history(
        &self,
        scope: &RankingScope,
        span: HistorySpan,
        llm: Option<&Llm>,
        limit: PageLimit,
    ) -> Result<Vec<(Revision, Publication)>, StoreError> {
        let state = self.state();
        let Some(ranking) = state.rankings.get(scope) else { return Ok(Vec::new()) };
        let publications = ranking.publications.iter();
        let mut found: Vec<_> = publications
            .filter(|(_, publication)| span.contains(publication.published_at))
            .map(|(basis, publication)| (*basis, publication.clone()))
            .collect();
        found.sort_by_key(|(basis, publication)| (publication.published_at, *basis));
        found.reverse();
        if let Some(bucket) = span.bucket() {
            found.dedup_by_key(|(_, publication)| bucket.start_of(publication.published_at));
        }
        found.truncate(limit.get());
        found.reverse();
        if let Some(llm) = llm {
            for (_, publication) in &mut found {
                publication.entries.retain(|entry| entry.ranked.llm == *llm);
            }
        }
        Ok(found)
    }
}

/// Adds an LLM's runs on the workload, or the latest of them.
fn add(entrants: &mut Entrants, llm: &Llm, runs: &[&Run], metric: &MetricName, window: Window) {
    let measured = runs.iter().filter_map(|run| RunMeasurement::of(run, metric));
    if window != Window::Latest {
        for run in measured {
            entrants.add_runs(llm.clone(), &PooledRuns::from(&run));
        }
        runs.iter().for_each(|run| entrants.add_requests(llm.id(), run.requests));
        return;
    }
    if let Some(latest) = measured.max_by_key(in_time) {
        entrants.add_latest(llm.clone(), &latest);
    }
    let every = runs.iter().filter_map(|run| RunMeasurement::of(run, &metrics::ERROR_RATE));
    if let Some(newest) = every.max_by_key(in_time) {
        entrants.mention_newest(llm.id(), &newest);
    }
}

fn in_time(run: &RunMeasurement) -> (Timestamp, RunId) {
    (run.started_at, run.run)
}
