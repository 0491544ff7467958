//! The composition root: which adapter plays which role.

use std::sync::Arc;

use benchmark_actix_http::JsonRankings;
use benchmark_application::{
    BrowseCatalogue, CheckHealth, ComputeRanking, CreateKey, PublishRankings, ReadRanking,
    RecordRuns,
};
use benchmark_memory_adapter::{CachedApiKeys, MemoryRankingCache};
use benchmark_ports::{
    ApiKeyStore, Catalogue, Clock, HealthCheck, Randomness, RankingCache, RankingPublisher,
    RankingReader, RunStore,
};
use benchmark_sqlite_adapter::{OpenError, SqliteStore};
use prometheus::Registry;

use crate::config::Config;
use crate::system::{OsRandomness, SystemClock};
use crate::telemetry::{
    CacheMetrics, CountedPublisher, MeasuredCache, MeasuredReader, MeasuredRunStore, StoreLatency,
};

/// Who plays which role.
struct Roles {
    runs: Arc<dyn RunStore>,
    reader: Arc<dyn RankingReader>,
    publisher: Arc<dyn RankingPublisher>,
    catalogue: Arc<dyn Catalogue>,
    keys: Arc<dyn ApiKeyStore>,
    health: Arc<dyn HealthCheck>,
    cache: Arc<dyn RankingCache>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl Roles {
    async fn open(config: &Config) -> Result<Self, OpenError> {
        let store = Arc::new(SqliteStore::open(&config.database).await?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let cache = MemoryRankingCache::new(
            config.cache_expiration,
            config.cache_max_bytes,
            Arc::clone(&clock),
        );
        Ok(Self {
            runs: store.clone(),
            reader: store.clone(),
            publisher: store.clone(),
            catalogue: store.clone(),
            keys: Arc::new(CachedApiKeys::new(store.clone(), Arc::clone(&clock))),
            health: store,
            cache: Arc::new(cache),
            clock,
            randomness: Arc::new(OsRandomness),
        })
    }

    /// The same, each watched on its way.
    fn measured(self, registry: &Registry) -> prometheus::Result<Self> {
        let latency = StoreLatency::new(registry)?;
        Ok(Self {
            runs: Arc::new(MeasuredRunStore { inner: self.runs, latency: latency.clone() }),
            reader: Arc::new(MeasuredReader { inner: self.reader, latency }),
            publisher: Arc::new(CountedPublisher::new(self.publisher, registry)?),
            cache: Arc::new(MeasuredCache::new(
                self.cache,
                "process",
                &CacheMetrics::register(registry)?,
                Arc::clone(&self.clock),
            )),
            ..self
        })
    }
}

/// The use cases, ready to be called.
pub(crate) struct Services {
    pub(crate) record_runs: Arc<RecordRuns>,
    pub(crate) read_ranking: Arc<ReadRanking>,
    pub(crate) publish_rankings: Arc<PublishRankings>,
    pub(crate) browse_catalogue: BrowseCatalogue,
    pub(crate) create_key: CreateKey,
    pub(crate) check_health: CheckHealth,
    pub(crate) keys: Arc<dyn ApiKeyStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
}

impl Services {
    /// For a command.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(Self::of(Roles::open(config).await?))
    }

    /// For a server, which tells `registry` how it fares.
    pub(crate) async fn measured(config: &Config, registry: &Registry) -> anyhow::Result<Self> {
        Ok(Self::of(Roles::open(config).await?.measured(registry)?))
    }

    fn of(roles: Roles) -> Self {
        let Roles { runs, reader, publisher, catalogue, keys, health, cache, clock, randomness } =
            roles;
        let publish_rankings = Arc::new(PublishRankings::new(
            Arc::clone(&reader),
            publisher,
            Arc::clone(&catalogue),
            Arc::clone(&cache),
            Arc::clone(&clock),
            Arc::clone(&randomness),
        ));
        let record_runs = RecordRuns::new(
            Arc::clone(&runs),
            Arc::clone(&catalogue),
            Arc::clone(&publish_rankings),
            Arc::clone(&cache),
            Arc::clone(&clock),
        );
        let compute = ComputeRanking::new(
            reader,
            Arc::clone(&catalogue),
            Arc::new(JsonRankings),
            Arc::clone(&clock),
        );
        Self {
            record_runs: Arc::new(record_runs),
            read_ranking: Arc::new(ReadRanking::new(cache, compute)),
            publish_rankings,
            browse_catalogue: BrowseCatalogue::new(catalogue, runs),
            create_key: CreateKey::new(
                Arc::clone(&keys),
                Arc::clone(&clock),
                Arc::clone(&randomness),
            ),
            check_health: CheckHealth::new(vec![health]),
            keys,
            clock,
            randomness,
        }
    }
}
