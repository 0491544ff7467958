use async_trait::async_trait;
use benchmark_domain::{Publication, RankingScope};
use benchmark_ports::{PublishOutcome, RankingPublisher, Revision, StoreError};

use crate::MemoryStore;
use crate::store::Ranking;

#[async_trait]
impl RankingPublisher for MemoryStore {
    async fn publish(
        &self,
        publication: &Publication,
        basis: Revision,
    ) -> Result<PublishOutcome, StoreError> {
        let mut state = self.state();
        let ranking = state.rankings.entry(publication.scope.clone()).or_default();
        if ranking.published().is_some_and(|published| published >= basis) {
            return Ok(PublishOutcome::Superseded);
        }
        let last = ranking.publications.last_key_value().map(|(_, last)| last.published_at);
        let published_at =
            last.map_or(publication.published_at, |last| last.max(publication.published_at));
        ranking.publications.insert(basis, Publication { published_at, ..publication.clone() });
        Ok(PublishOutcome::Published)
    }

    async fn pending(&self) -> Result<Vec<RankingScope>, StoreError> {
        let state = self.state();
        let behind = state
            .rankings
            .iter()
            .filter(|(_, ranking)| ranking.published().unwrap_or_default() < ranking.revision);
        Ok(behind.map(|(scope, _)| scope.clone()).collect())
    }
}

impl Ranking {
    /// The revision of the newest publication.
    fn published(&self) -> Option<Revision> {
        self.publications.last_key_value().map(|(basis, _)| *basis)
    }
}
