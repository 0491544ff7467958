use std::collections::BTreeSet;
use std::time::Duration;

use benchmark_ports::StoreError;

/// How often runs of older versions are looked for: while one version replaces
/// another, the older one goes on recording.
pub(super) const EVERY: Duration = Duration::from_secs(60);

/// Has a store pool what older versions record, again and again, while it answers
/// already. Logs each run that cannot be read once.
pub(super) async fn keep<P: Future<Output = Result<Vec<String>, StoreError>>>(
    every: Duration,
    pool_older_runs: impl Fn() -> P,
) {
    let mut told = BTreeSet::new();
    let mut tick = tokio::time::interval(every);
    loop {
        tick.tick().await;
        match pool_older_runs().await {
            Ok(unreadable) => {
                for run in unreadable {
                    if told.insert(run.clone()) {
                        tracing::error!(run, "a run is not pooled: it or its pools are unreadable");
                    }
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "older runs are not pooled, windows read them one by one");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn older_runs_are_looked_for_again_whatever_came_of_it() {
        let (asked, mut is_asked) = mpsc::channel(1);
        tokio::spawn(keep(Duration::from_millis(1), move || {
            let asked = asked.clone();
            async move {
                asked.send(()).await.map_err(StoreError::unavailable)?;
                Err(StoreError::unavailable("the store is away"))
            }
        }));
        for _ in 0..3 {
            is_asked.recv().await.unwrap();
        }
    }
}
