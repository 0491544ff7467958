use std::collections::BTreeSet;
use std::time::Duration;

use benchmark_ports::StoreError;

/// How often runs of older versions are looked for: while one version replaces
/// another, the older one goes on recording.
const EVERY: Duration = Duration::from_secs(60);

/// Has a store pool what older versions record, while it answers already. Logs each
/// run that cannot be read once.
pub(super) async fn keep<P: Future<Output = Result<Vec<String>, StoreError>>>(
    pool_older_runs: impl Fn() -> P,
) {
    let mut told = BTreeSet::new();
    let mut tick = tokio::time::interval(EVERY);
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
