use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntGauge, IntGaugeVec, Opts};

use crate::compose::Engines;

/// How the servers behind the service are, asked whenever metrics are read.
pub(crate) struct EngineMetrics {
    engines: Engines,
    connections: IntGaugeVec,
    cache_answers: IntGauge,
    cache_outages: IntCounter,
}

impl EngineMetrics {
    pub(crate) fn of(engines: Engines) -> prometheus::Result<Self> {
        let connections = IntGaugeVec::new(
            Opts::new(
                "benchmark_store_connections",
                "Connections to the database (max, open, idle), and calls that wait for one.",
            ),
            &["servers", "state"],
        )?;
        let cache_answers = IntGauge::new(
            "benchmark_shared_cache_up",
            "1 while the shared cache is asked, 0 while its breaker is open.",
        )?;
        let cache_outages = IntCounter::new(
            "benchmark_shared_cache_outages_total",
            "How often the shared cache was given up.",
        )?;
        Ok(Self { engines, connections, cache_answers, cache_outages })
    }
}

impl Collector for EngineMetrics {
    fn desc(&self) -> Vec<&Desc> {
        let mut described = self.connections.desc();
        described.extend(self.cache_answers.desc());
        described.extend(self.cache_outages.desc());
        described
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut collected = Vec::new();
        if let Some(store) = &self.engines.postgres {
            for (servers, status) in
                [("primary", store.pool_status()), ("replicas", store.replica_pool_status())]
            {
                for (state, count) in [
                    ("max", status.max_size),
                    ("open", status.size),
                    ("idle", status.idle),
                    ("waiting", status.waiting),
                ] {
                    self.connections.with_label_values(&[servers, state]).set(count as i64);
                }
            }
            collected.extend(self.connections.collect());
        }
        if let Some(redis) = &self.engines.redis {
            let status = redis.status();
            self.cache_answers.set(status.answers.into());
            self.cache_outages.inc_by(status.outages.saturating_sub(self.cache_outages.get()));
            collected.extend(self.cache_answers.collect());
            collected.extend(self.cache_outages.collect());
        }
        collected
    }
}
