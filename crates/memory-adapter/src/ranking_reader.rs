use std::collections::BTreeMap;

use async_trait::async_trait;
use benchmark_domain::{
    Contender, HistorySpan, Llm, MetricName, PooledRuns, Publication, RankingScope, Requests, Run,
    RunId, RunMeasurement, Timestamp, Window,
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
        let contenders = by_llm
            .into_iter()
            .filter_map(|(llm, runs)| contender(llm, runs, &scope.metric, window))
            .collect();
        let revision = state.rankings.get(scope).map(|ranking| ranking.revision);
        Ok(Contenders { revision: revision.unwrap_or_default(), contenders })
    }

    async fn current(&self, scope: &RankingScope) -> Result<Option<CurrentRanking>, StoreError> {
        let state = self.state();
        let Some(ranking) = state.rankings.get(scope) else { return Ok(None) };
        let newest = ranking.publications.last_key_value();
        Ok(newest.map(|(basis, publication)| CurrentRanking {
            publication: publication.clone(),
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

/// An LLM with its runs on the workload; `None` if none measured the metric.
fn contender(
    llm: &Llm,
    mut runs: Vec<&Run>,
    metric: &MetricName,
    window: Window,
) -> Option<Contender> {
    if window == Window::Latest {
        let measuring = runs.iter().filter(|run| run.measurements().contains_key(metric));
        let latest = measuring.map(|run| in_time(run)).max()?;
        runs.retain(|run| in_time(run) >= latest);
    }
    let measured: PooledRuns =
        runs.iter().filter_map(|run| RunMeasurement::of(run, metric)).collect();
    let requests = runs.iter().map(|run| run.requests).fold(Requests::default(), Requests::plus);
    (!measured.is_empty()).then(|| Contender { llm: llm.clone(), runs: measured, requests })
}

fn in_time(run: &Run) -> (Timestamp, RunId) {
    (run.started_at, run.id())
}
