//! Work that takes too long for a worker: while it lasts, a worker could answer
//! thousands of others.

use actix_web::web;

use crate::error::ApiError;

/// What `work` gives, done on a thread that may be kept busy.
///
/// # Errors
/// 500 where it panics.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    web::block(work).await.map_err(ApiError::internal)
}
