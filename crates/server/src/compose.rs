//! The composition root: which adapter plays which role.

mod hearing;
mod pooling;
mod rate_limits;

use std::sync::Arc;
use std::time::Duration;

use benchmark_actix_http::JsonRankings;
use benchmark_application::{
    BrowseCatalogue, CheckHealth, CompareLlms, ComputeRanking, CreateKey, DefineMetric, ListKeys,
    PublishRankings, ReadHistory, ReadRanking, RecordRuns, RevokeKey, TieredRankings,
};
use benchmark_memory_adapter::{
    CachedApiKeys, CachedCatalogue, LastGoodRankings, MemoryRankingCache, Staleness,
};
use benchmark_ports::{
    ApiKeyStore, Catalogue, Clock, HealthCheck, InvalidationBus, Randomness, RankingCache,
    RankingPublisher, RankingReader, RunStore,
};
use benchmark_postgres_adapter::PostgresStore;
use benchmark_redis_cache_adapter::{
    InvalidRedisConfig, Redis, RedisInvalidationBus, RedisRankingCache,
};
use benchmark_sqlite_adapter::SqliteStore;
use prometheus::Registry;

use crate::config::{Config, StoreConfig};
use crate::system::{OsRandomness, SystemClock};
use crate::telemetry::{
    CacheMetrics, CountedPublisher, EngineMetrics, MeasuredCache, MeasuredReader, MeasuredRunStore,
    StoreLatency, Watch,
};
use hearing::{Hearing, Replicated};
pub(crate) use rate_limits::rate_limits;

/// How long the process's own cache keeps what it has from a shared one: a
/// message that an answer no longer holds may be lost.
const NEAR_EXPIRATION: Duration = Duration::from_secs(5);

/// The most bytes of an answer that is worth sharing: a thousand entries of every
/// metric take fewer.
const LARGEST_SHARED: usize = 8 << 20;

/// Who plays which role.
struct Roles {
    runs: Arc<dyn RunStore>,
    reader: Arc<dyn RankingReader>,
    publisher: Arc<dyn RankingPublisher>,
    catalogue: Arc<dyn Catalogue>,
    keys: Arc<CachedApiKeys>,
    health: Vec<Arc<dyn HealthCheck>>,
    near: Arc<dyn RankingCache>,
    far: Option<Arc<dyn RankingCache>>,
    engines: Engines,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

/// The servers behind the roles, where there are any.
#[derive(Clone, Default)]
pub(crate) struct Engines {
    pub(crate) postgres: Option<Arc<PostgresStore>>,
    /// The same, where it reads replicas.
    pub(crate) replicated: Option<Arc<PostgresStore>>,
    pub(crate) redis: Option<Redis>,
}

impl Roles {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let redis = match &config.redis {
            Some(config) => Some(Redis::connect(config).await.map_err(named)?),
            None => None,
        };
        Ok(match &config.store {
            StoreConfig::Sqlite(path) => {
                let engines = Engines { redis, ..Engines::default() };
                let store = Arc::new(SqliteStore::open(path).await?);
                let older = store.clone();
                tokio::spawn(pooling::keep(pooling::EVERY, move || {
                    let store = older.clone();
                    async move { store.pool_older_runs().await }
                }));
                Self::over(store, engines, config)
            }
            StoreConfig::Postgres(postgres) => {
                let store = Arc::new(PostgresStore::open(postgres).await?);
                let older = store.clone();
                tokio::spawn(pooling::keep(pooling::EVERY, move || {
                    let store = older.clone();
                    async move { store.pool_older_runs().await }
                }));
                let replicated = (!postgres.replica_hosts.is_empty()).then(|| store.clone());
                let engines = Engines { postgres: Some(store.clone()), replicated, redis };
                Self::over(store, engines, config)
            }
        })
    }

    fn over<S>(store: Arc<S>, engines: Engines, config: &Config) -> Self
    where
        S: RunStore
            + RankingReader
            + RankingPublisher
            + Catalogue
            + ApiKeyStore
            + HealthCheck
            + 'static,
    {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let randomness: Arc<dyn Randomness> = Arc::new(OsRandomness);
        let mut health: Vec<Arc<dyn HealthCheck>> = vec![store.clone()];
        let far = engines.redis.clone().map(|redis| -> Arc<dyn RankingCache> {
            health.push(Arc::new(redis.clone()));
            let (clock, randomness) = (Arc::clone(&clock), Arc::clone(&randomness));
            let expiration = config.cache_expiration;
            Arc::new(RedisRankingCache::new(redis, expiration, LARGEST_SHARED, clock, randomness))
        });
        Self {
            runs: store.clone(),
            reader: store.clone(),
            publisher: store.clone(),
            catalogue: Arc::new(CachedCatalogue::new(store.clone(), Arc::clone(&clock))),
            keys: Arc::new(CachedApiKeys::new(store, Arc::clone(&clock))),
            health,
            near: near(config, far.is_some(), &clock),
            far,
            engines,
            clock,
            randomness,
        }
    }

    /// The same, each watched on its way.
    fn measured(self, registry: &Registry) -> prometheus::Result<Self> {
        let latency = StoreLatency::new(registry)?;
        let caches = CacheMetrics::register(registry)?;
        registry.register(Box::new(EngineMetrics::of(self.engines.clone())?))?;
        let measured = |cache, tier: &'static str| -> Arc<dyn RankingCache> {
            Arc::new(MeasuredCache::new(cache, tier, &caches, Arc::clone(&self.clock)))
        };
        Ok(Self {
            runs: Arc::new(MeasuredRunStore { inner: self.runs, latency: latency.clone() }),
            reader: Arc::new(MeasuredReader { inner: self.reader, latency }),
            publisher: Arc::new(CountedPublisher::new(self.publisher, registry)?),
            near: measured(self.near, "process"),
            far: self.far.map(|far| measured(far, "shared")),
            ..self
        })
    }
}

/// Why Redis cannot be used, under the name of the key where that is known only now:
/// all but the files of certificates were looked at when they were configured.
fn named(error: InvalidRedisConfig) -> anyhow::Error {
    let is_of_file = matches!(
        error,
        InvalidRedisConfig::UnreadableCertificate { .. } | InvalidRedisConfig::NoCertificate { .. }
    );
    let error = anyhow::Error::new(error);
    if is_of_file { error.context("REDIS_TLS_ROOTCERT") } else { error }
}

/// The cache of this process, alone or beside a shared one.
fn near(config: &Config, is_beside_far: bool, clock: &Arc<dyn Clock>) -> Arc<dyn RankingCache> {
    let ttl = match config.cache_expiration {
        expiration if is_beside_far => expiration.min(NEAR_EXPIRATION),
        expiration => expiration,
    };
    let bytes = config.cache_max_bytes / 2;
    let fresh = Arc::new(MemoryRankingCache::new(ttl, bytes, Arc::clone(clock)));
    let staleness = Staleness { while_loading: 2 * ttl, while_unavailable: config.cache_stale_max };
    Arc::new(LastGoodRankings::new(fresh, staleness, bytes, Arc::clone(clock)))
}

/// The use cases, ready to be called, and what a server needs beside them.
pub(crate) struct UseCases {
    pub(crate) record_runs: Arc<RecordRuns>,
    pub(crate) read_ranking: Arc<ReadRanking>,
    pub(crate) read_history: ReadHistory,
    pub(crate) compare_llms: CompareLlms,
    pub(crate) define_metric: DefineMetric,
    pub(crate) publish_rankings: Arc<PublishRankings>,
    pub(crate) browse_catalogue: BrowseCatalogue,
    pub(crate) create_key: Arc<CreateKey>,
    pub(crate) list_keys: ListKeys,
    pub(crate) revoke_key: RevokeKey,
    pub(crate) check_health: CheckHealth,
    pub(crate) keys: Arc<CachedApiKeys>,
    /// What this process hears of others, where there is a way to hear it.
    pub(crate) hearing: Option<Hearing>,
    pub(crate) engines: Engines,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
}

impl UseCases {
    /// For a command.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(Self::of(Roles::open(config).await?))
    }

    /// For a server, which tells `registry` how it fares; beside it what watches
    /// the things that it depends on.
    pub(crate) async fn measured(
        config: &Config,
        registry: &Registry,
    ) -> anyhow::Result<(Self, Watch)> {
        let roles = Roles::open(config).await?;
        let watch = Watch::register(roles.health.clone(), Arc::clone(&roles.runs), registry)?;
        Ok((Self::of(roles.measured(registry)?), watch))
    }

    fn of(roles: Roles) -> Self {
        let Roles {
            runs,
            reader,
            publisher,
            catalogue,
            keys,
            health,
            near,
            far,
            engines,
            clock,
            randomness,
        } = roles;
        let key_store: Arc<dyn ApiKeyStore> = keys.clone();
        let (cache, hearing) = match engines.redis.clone().zip(far) {
            None => (near, None),
            Some((redis, far)) => {
                let bus: Arc<dyn InvalidationBus> = Arc::new(RedisInvalidationBus::new(redis));
                let replicated = engines.replicated.clone().map(|store| {
                    let far = Arc::clone(&far);
                    Replicated { store, far }
                });
                let hearing =
                    Hearing { bus: Arc::clone(&bus), near: Arc::clone(&near), replicated };
                let tiered: Arc<dyn RankingCache> = Arc::new(TieredRankings::new(near, far, bus));
                (tiered, Some(hearing))
            }
        };
        let publish_rankings = Arc::new(PublishRankings::new(
            Arc::clone(&reader),
            publisher,
            Arc::clone(&catalogue),
            cache.clone(),
            Arc::clone(&clock),
            Arc::clone(&randomness),
        ));
        let record_runs = RecordRuns::new(
            Arc::clone(&runs),
            Arc::clone(&catalogue),
            Arc::clone(&publish_rankings),
            Arc::clone(&clock),
        );
        let read_history = ReadHistory::new(Arc::clone(&reader), Arc::clone(&catalogue));
        let compare_llms =
            CompareLlms::new(Arc::clone(&reader), Arc::clone(&catalogue), Arc::clone(&clock));
        let compute = ComputeRanking::new(
            reader,
            Arc::clone(&catalogue),
            Arc::new(JsonRankings),
            Arc::clone(&clock),
        );
        let create_key =
            CreateKey::new(Arc::clone(&key_store), Arc::clone(&clock), Arc::clone(&randomness));
        Self {
            record_runs: Arc::new(record_runs),
            read_ranking: Arc::new(ReadRanking::new(cache, compute)),
            read_history,
            compare_llms,
            define_metric: DefineMetric::new(Arc::clone(&catalogue)),
            publish_rankings,
            browse_catalogue: BrowseCatalogue::new(catalogue, runs),
            create_key: Arc::new(create_key),
            list_keys: ListKeys::new(Arc::clone(&key_store)),
            revoke_key: RevokeKey::new(key_store, Arc::clone(&clock)),
            check_health: CheckHealth::new(health),
            keys,
            hearing,
            engines,
            clock,
            randomness,
        }
    }
}
