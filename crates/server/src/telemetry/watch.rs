use std::sync::Arc;
use std::time::Duration;

use benchmark_ports::{HealthCheck, PageLimit, RunFilter, RunStore};
use prometheus::{IntGaugeVec, Opts, Registry};
use tokio::time::timeout;

/// How often it is looked: as often as Prometheus reads, by default.
const EVERY: Duration = Duration::from_secs(15);

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks after what would otherwise be measured only while somebody asks for it:
/// how the things are that the service depends on, and when the newest run was.
pub(crate) struct Watch {
    health: Vec<Arc<dyn HealthCheck>>,
    runs: Arc<dyn RunStore>,
    up: IntGaugeVec,
    /// Has no labels; not told before there is a run.
    newest_run: IntGaugeVec,
}

impl Watch {
    /// Watches these, and tells `registry`.
    pub(crate) fn register(
        health: Vec<Arc<dyn HealthCheck>>,
        runs: Arc<dyn RunStore>,
        registry: &Registry,
    ) -> prometheus::Result<Self> {
        let up = IntGaugeVec::new(
            Opts::new(
                "benchmark_dependency_up",
                "1 while what the service depends on answers, else 0; asked every 15 seconds.",
            ),
            &["dependency"],
        )?;
        let newest_run = IntGaugeVec::new(
            Opts::new(
                "benchmark_newest_run_timestamp_seconds",
                "When the run began that began last, in seconds since 1970.",
            ),
            &[],
        )?;
        registry.register(Box::new(up.clone()))?;
        registry.register(Box::new(newest_run.clone()))?;
        Ok(Self { health, runs, up, newest_run })
    }

    /// Looks for as long as it is polled.
    pub(crate) async fn run(self) {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tick.tick().await;
            self.look().await;
        }
    }

    async fn look(&self) {
        for dependency in &self.health {
            let answers = matches!(timeout(PATIENCE, dependency.check()).await, Ok(Ok(())));
            self.up.with_label_values(&[dependency.name()]).set(answers.into());
        }
        let Ok(one) = PageLimit::new(1) else { return };
        let any = RunFilter::default();
        // A store that does not tell is seen above.
        if let Ok(Ok(Some(runs))) = timeout(PATIENCE, self.runs.runs(&any, None, one)).await
            && let Some(newest) = runs.first()
        {
            let began_at = newest.run.started_at.timestamp();
            self.newest_run.with_label_values::<&str>(&[]).set(began_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use benchmark_memory_adapter::MemoryStore;
    use benchmark_ports::StoreError;

    use super::*;

    /// A dependency that is away.
    struct Away;

    #[async_trait]
    impl HealthCheck for Away {
        fn name(&self) -> &'static str {
            "cache"
        }

        async fn check(&self) -> Result<(), StoreError> {
            Err(StoreError::unavailable("gone"))
        }
    }

    #[tokio::test]
    async fn it_tells_what_is_away_and_of_no_run_where_there_is_none() {
        let (store, registry) = (Arc::new(MemoryStore::default()), Registry::new());
        let watch = Watch::register(vec![store.clone(), Arc::new(Away)], store, &registry).unwrap();
        watch.look().await;
        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        assert!(text.contains("benchmark_dependency_up{dependency=\"store\"} 1\n"), "{text}");
        assert!(text.contains("benchmark_dependency_up{dependency=\"cache\"} 0\n"), "{text}");
        assert!(!text.contains("benchmark_newest_run"), "{text}");
    }
}
