//! One after another: what takes much memory while it lasts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// Whose turn it is to have a file read, which may take several times its size of
/// memory. Clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

/// A turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "to be held")] OwnedSemaphorePermit);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Turns {
    /// How long one waits for those before.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// The next turn.
    ///
    /// # Errors
    /// 503 where those before take too long.
    pub(crate) async fn next(self) -> Result<Turn, ApiError> {
        let turn = tokio::time::timeout(Self::PATIENCE, self.0.acquire_owned()).await;
        turn.map_err(ApiError::unavailable)?.map_err(ApiError::internal).map(Turn)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_waits_for_the_other_and_not_for_ever() {
        let turns = Turns::default();
        let first = turns.clone().next().await.unwrap();
        assert_eq!(turns.clone().next().await.unwrap_err().status_code(), 503);
        drop(first);
        turns.next().await.unwrap();
    }
}
