//! One after another, or a few at a time: what takes much while it lasts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// Whose turn it is. Clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

/// A turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "to be held")] OwnedSemaphorePermit);

impl Turns {
    /// How long one waits for those before.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// So many at a time.
    pub(crate) fn of(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// The next turn.
    ///
    /// # Errors
    /// 503 where those before take too long.
    pub(crate) async fn next(&self) -> Result<Turn, ApiError> {
        let turn = Arc::clone(&self.0).acquire_owned();
        let turn = tokio::time::timeout(Self::PATIENCE, turn).await;
        turn.map_err(ApiError::unavailable)?.map_err(ApiError::internal).map(Turn)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_waits_for_the_other_and_not_for_ever() {
        let turns = Turns::of(1);
        let first = turns.next().await.unwrap();
        assert_eq!(turns.next().await.unwrap_err().status_code(), 503);
        drop(first);
        turns.next().await.unwrap();
    }
}
