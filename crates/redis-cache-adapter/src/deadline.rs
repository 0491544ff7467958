use std::io;
use std::time::Duration;

use redis::RedisError;
use tokio::time::timeout;

/// What Redis answers, if it does in time.
pub(crate) async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    match timeout(deadline, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()),
    }
}
