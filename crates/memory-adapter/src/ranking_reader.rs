use std::collections::BTreeMap;

use async_trait::async_trait;
use benchmark_domain::{Contender, Publication, RankingScope, RunMeasurement, Timestamp, Window};
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
        let mut contenders = BTreeMap::new();
        for run in state.runs.values().map(|recorded| &recorded.run) {
            let Some(measurement) = run.measurements().get(&scope.metric) else { continue };
            let too_early = starts_at.is_some_and(|start| run.started_at < start);
            if run.workload.slug != scope.workload || too_early {
                continue;
            }
            let contender = contenders
                .entry(&run.llm)
                .or_insert_with(|| Contender { llm: run.llm.clone(), runs: Vec::new() });
            contender.runs.push(RunMeasurement {
                run: run.id(),
                started_at: run.started_at,
                source: run.source,
                requests: run.requests,
                measurement: measurement.clone(),
            });
        }
        let mut contenders: Vec<_> = contenders.into_values().collect();
        if window == Window::Latest {
            for contender in &mut contenders {
                contender.runs = contender.newest().cloned().into_iter().collect();
            }
        }
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
        after: Revision,
        limit: PageLimit,
    ) -> Result<Vec<(Revision, Publication)>, StoreError> {
        let state = self.state();
        let Some(ranking) = state.rankings.get(scope) else { return Ok(Vec::new()) };
        let behind = ranking.publications.iter().filter(|(basis, _)| **basis > after);
        Ok(behind.take(limit.get()).map(|(basis, found)| (*basis, found.clone())).collect())
    }
}
