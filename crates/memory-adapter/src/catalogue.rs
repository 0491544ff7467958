use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{Llm, LlmId, LlmName, Metric, MetricName, Workload, WorkloadSlug};
use benchmark_ports::{AddMetric, Catalogue, PageLimit, StoreError};

use crate::MemoryStore;

#[async_trait]
impl Catalogue for MemoryStore {
    async fn metrics(&self) -> Result<Arc<[Metric]>, StoreError> {
        Ok(self.state().metrics.values().cloned().collect())
    }

    async fn add_metric(&self, metric: &Metric) -> Result<AddMetric, StoreError> {
        Ok(match self.state().metrics.entry(metric.name.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(metric.clone());
                AddMetric::Added
            }
            Entry::Occupied(known) if known.get() == metric => AddMetric::Known,
            Entry::Occupied(_) => AddMetric::Conflict,
        })
    }

    async fn llm(&self, id: LlmId) -> Result<Option<Llm>, StoreError> {
        Ok(self.state().llms.get(&id).cloned())
    }

    async fn llms(
        &self,
        after: Option<LlmId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<Llm>>, StoreError> {
        let state = self.state();
        let mut llms: Vec<_> = state.llms.values().collect();
        llms.sort();
        if let Some(after) = after {
            let Some(after) = state.llms.get(&after) else { return Ok(None) };
            llms.retain(|llm| *llm > after);
        }
        Ok(Some(llms.into_iter().take(limit.get()).cloned().collect()))
    }

    async fn llms_named(&self, name: &LlmName, limit: PageLimit) -> Result<Vec<Llm>, StoreError> {
        let state = self.state();
        let mut llms: Vec<_> = state.llms.values().filter(|llm| llm.name == *name).collect();
        llms.sort();
        Ok(llms.into_iter().take(limit.get()).cloned().collect())
    }

    async fn workloads(
        &self,
        after: Option<&WorkloadSlug>,
        limit: PageLimit,
    ) -> Result<Vec<Workload>, StoreError> {
        let state = self.state();
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = state.workloads.range::<WorkloadSlug, _>((begin, Bound::Unbounded));
        Ok(behind.take(limit.get()).map(|(_, workload)| workload.clone()).collect())
    }

    async fn workloads_with(
        &self,
        metric: &MetricName,
        limit: PageLimit,
    ) -> Result<Vec<WorkloadSlug>, StoreError> {
        let state = self.state();
        let scopes = state.rankings.iter().filter(|(scope, ranking)| {
            scope.metric == *metric && ranking.revision > Default::default()
        });
        Ok(scopes.take(limit.get()).map(|(scope, _)| scope.workload.clone()).collect())
    }
}
