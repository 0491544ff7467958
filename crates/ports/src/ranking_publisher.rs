use async_trait::async_trait;
use benchmark_domain::{Publication, RankingScope};

use crate::{Revision, StoreError};

/// What became of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOutcome {
    /// It is the newest one now.
    Published,
    /// Another one, made from at least the same runs, was there before.
    Superseded,
}

/// Writes default rankings down, for SQL consumers and for history.
#[async_trait]
pub trait RankingPublisher: Send + Sync {
    /// Publishes a ranking made from what was read at `basis`, unless one of
    /// that or a later revision is published already. However calls interleave,
    /// the newest publication is the one with the greatest basis, and none is
    /// dated before an older one: where clocks differ, or one is set back, it gets
    /// the time of the last one.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is published then.
    async fn publish(
        &self,
        publication: &Publication,
        basis: Revision,
    ) -> Result<PublishOutcome, StoreError>;

    /// The scopes whose newest publication does not know of all recorded runs:
    /// somebody recorded and has not published yet, or died before.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn pending(&self) -> Result<Vec<RankingScope>, StoreError>;
}
