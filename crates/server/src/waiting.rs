//! Waiting for a database server that is not there yet, as when everything is
//! started at once.

use std::time::{Duration, Instant};

use benchmark_postgres_adapter::OpenError;

/// How long to leave a server alone between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// Tries until it succeeds, fails for good, or has failed for so long.
pub(crate) async fn for_server<T>(
    patience: Duration,
    mut attempt: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        match attempt().await {
            Err(error) if is_temporary(&error) && begun.elapsed() + PAUSE < patience => {
                tracing::info!(reason = format!("{error:#}"), "waiting for the database");
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

fn is_temporary(error: &anyhow::Error) -> bool {
    error.downcast_ref::<OpenError>().is_some_and(OpenError::is_temporary)
}

/// A number of seconds, of a day at most, as a command line gives it.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
    let seconds = seconds.ok_or_else(|| format!("{text:?} is not a number of 0 to 86400"))?;
    Ok(Duration::from_secs_f64(seconds))
}
