use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{Publication, RankingScope};
use benchmark_ports::{PublishOutcome, RankingPublisher, Revision, StoreError};
use prometheus::{IntCounter, Registry};

/// Counts the rankings that are published.
pub(crate) struct CountedPublisher {
    inner: Arc<dyn RankingPublisher>,
    published: IntCounter,
}

impl CountedPublisher {
    pub(crate) fn new(
        inner: Arc<dyn RankingPublisher>,
        registry: &Registry,
    ) -> prometheus::Result<Self> {
        let published =
            IntCounter::new("benchmark_rankings_published_total", "Rankings published.")?;
        registry.register(Box::new(published.clone()))?;
        Ok(Self { inner, published })
    }
}

#[async_trait]
impl RankingPublisher for CountedPublisher {
    async fn publish(
        &self,
        publication: &Publication,
        basis: Revision,
    ) -> Result<PublishOutcome, StoreError> {
        let outcome = self.inner.publish(publication, basis).await?;
        if outcome == PublishOutcome::Published {
            self.published.inc();
        }
        Ok(outcome)
    }

    async fn pending(&self) -> Result<Vec<RankingScope>, StoreError> {
        self.inner.pending().await
    }
}
