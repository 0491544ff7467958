mod environment;
mod log;
mod rate_limits;
mod redis;
mod store;

use std::time::Duration;

use benchmark_domain::WorkloadSlug;
use benchmark_redis_cache_adapter::RedisConfig;
use secrecy::SecretString;

pub(crate) use environment::InvalidConfig;
use environment::{Environment, list, number, seconds};
pub(crate) use log::{LogConfig, LogFormat, filter};
pub(crate) use rate_limits::RateLimitConfig;
pub(crate) use store::StoreConfig;

/// What the environment says. Every key stands in `.env.sample` with its
/// default and its meaning.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) log: LogConfig,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) metrics_port: Option<u16>,
    pub(crate) workers: Option<usize>,
    pub(crate) api_key: Option<SecretString>,
    pub(crate) store: StoreConfig,
    pub(crate) redis: Option<RedisConfig>,
    pub(crate) rate_limits: RateLimitConfig,
    pub(crate) default_workload: WorkloadSlug,
    pub(crate) cache_expiration: Duration,
    pub(crate) cache_stale_max: Duration,
    pub(crate) cache_max_bytes: u64,
    pub(crate) max_body_bytes: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) shutdown_drain: Duration,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) cors_allowed_origins: Vec<String>,
}

impl Config {
    /// Reads the environment.
    pub(crate) fn from_env() -> Result<Self, InvalidConfig> {
        Self::read(&Environment(&|key| std::env::var_os(key).map(std::ffi::OsString::into_string)))
    }

    fn read(env: &Environment<'_>) -> Result<Self, InvalidConfig> {
        let port = env.parse("PORT", "8000")?;
        Ok(Self {
            log: LogConfig::read(env)?,
            host: env.parse("HOST", "127.0.0.1")?,
            port,
            metrics_port: env.optional("METRICS_PORT", |text| metrics_port(text, port))?,
            workers: env.optional("WORKERS", |text| number(text, 1, 1024))?,
            api_key: env.optional("API_KEY", api_key)?,
            store: StoreConfig::read(env)?,
            redis: redis::read(env)?,
            rate_limits: RateLimitConfig::read(env)?,
            default_workload: env.with("DEFAULT_WORKLOAD", "default", |text| {
                WorkloadSlug::parse(text).map_err(|e| e.to_string())
            })?,
            cache_expiration: env.with("CACHE_EXPIRATION", "5", seconds)?,
            cache_stale_max: env.with("CACHE_STALE_MAX", "3600", seconds)?,
            cache_max_bytes: env
                .with("CACHE_MAX_BYTES", "67108864", |text| number(text, 0, 1 << 40))?,
            max_body_bytes: env
                .with("MAX_BODY_BYTES", "5242880", |text| number(text, 1, 1 << 30))?,
            body_timeout: env.with("BODY_TIMEOUT", "10", seconds)?,
            shutdown_drain: env.with("SHUTDOWN_DRAIN", "1.5", seconds)?,
            shutdown_timeout: env.with("SHUTDOWN_TIMEOUT", "30", seconds)?,
            cors_allowed_origins: env.with("CORS_ALLOWED_ORIGINS", "", |text| {
                Ok(list(text).map(str::to_owned).collect())
            })?,
        })
    }
}

/// Of two ports that are any free one, each is another.
fn metrics_port(text: &str, port: u16) -> Result<u16, String> {
    match number(text, 0, u16::MAX)? {
        taken if taken == port && taken != 0 => Err("it is the same as PORT".to_owned()),
        other => Ok(other),
    }
}

/// Shorter keys can be guessed: the comparison is quick on purpose.
const MIN_KEY_CHARS: usize = 16;

fn api_key(text: &str) -> Result<SecretString, String> {
    if text.chars().count() < MIN_KEY_CHARS {
        return Err(format!("a key has at least {MIN_KEY_CHARS} characters"));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("a key is made of visible ASCII characters".to_owned());
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(vars: &[(&str, &str)]) -> Result<Config, InvalidConfig> {
        Config::read(&Environment(&|key| {
            let found = vars.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| Ok((*value).to_owned()))
        }))
    }

    fn refusal(key: &str, value: &str) -> String {
        config(&[(key, value)]).unwrap_err().to_string()
    }

    #[test]
    fn nothing_set_is_the_embedded_default() {
        let config = config(&[]).unwrap();
        assert_eq!(config.store.to_string(), "data/benchmark.db");
        assert!(config.redis.is_none());
        assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 8000));
    }

    #[test]
    fn a_bad_value_is_refused_by_the_name_of_its_key() {
        let cases = [
            ("PORT", "70000"),
            ("PORT", "http"),
            ("METRICS_PORT", "metrics"),
            ("METRICS_PORT", "8000"),
            ("LOG_LEVEL", "inof"),
            ("LOG_FORMAT", "xml"),
            ("CONSOLE_LOGGING", "maybe"),
            ("LOG_FILE_MAX_BYTES", "-1"),
            ("LOG_FILE_DAILY", "weekly"),
            ("LOG_FILE_KEEP", "all"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4318"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
            ("CACHE_EXPIRATION", "-1"),
            ("CACHE_EXPIRATION", "NaN"),
            ("WORKERS", "0"),
            ("DEFAULT_WORKLOAD", "a b"),
            ("API_KEY", "short"),
            ("DATABASE_URL", "mysql://x"),
            ("DATABASE_URL", "postgres://"),
            ("POSTGRES_PORT", "0"),
            ("POSTGRES_SSLMODE", "maybe"),
            ("POSTGRES_REPLICA_HOSTS", "replica-1,replica-2"),
            ("MIGRATION_LOCK", "yes"),
            ("MIGRATION_DATABASE_URL", "sqlite://x"),
            ("REDIS_MODE", "swarm"),
            ("REDIS_SENTINEL_AUTH", "maybe"),
            ("REDIS_SENTINEL_USER", "a user without a password"),
            ("REDIS_TLS", "maybe"),
            ("REDIS_URL", "http://x"),
            ("REDIS_URL", "redis://a-user-without-a-password@x"),
            ("REDIS_HOST", "a,b"),
            ("RATE_LIMIT_PER_KEY", "-1"),
            ("RATE_LIMIT_PER_ADDRESS", "60001"),
            ("RATE_LIMIT_FAILED_AUTH", "many"),
            ("TRUSTED_PROXIES", "10.0.0.1, proxy.example"),
        ];
        for (key, value) in cases {
            assert!(refusal(key, value).starts_with(&format!("{key}: ")), "{key}={value}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        let urls =
            ["DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        for key in urls {
            assert!(!refusal(key, "pos://u:hunter2@h/d").contains("hunter2"), "{key}");
        }
        for key in ["POSTGRES_HOST", "REDIS_HOST"] {
            assert!(!refusal(key, "postgres://u:hunter2@h/d").contains("hunter2"), "{key}");
        }
        let url = "postgres://u:hunter2@h/d";
        assert!(!format!("{:?}", config(&[("DATABASE_URL", url)]).unwrap()).contains("hunter2"));
        assert!(!refusal("DATABASE_URL", &format!("{url}?sslmode=hunter2")).contains("u:hunter2"));
    }

    #[test]
    fn a_server_is_named_in_one_way() {
        let both = [("DATABASE_URL", "sqlite://x"), ("POSTGRES_HOST", "db")];
        assert!(config(&both).unwrap_err().to_string().starts_with("POSTGRES_HOST: "));
        let both = [("REDIS_URL", "redis://x"), ("REDIS_HOST", "x")];
        assert!(config(&both).unwrap_err().to_string().starts_with("REDIS_HOST: "));
    }

    #[test]
    fn what_a_redis_cannot_be_used_with_is_named() {
        for (key, value) in [("REDIS_DB", "3"), ("REDIS_USER", "a user without a password")] {
            let vars = [("REDIS_HOST", "x"), ("REDIS_MODE", "cluster"), (key, value)];
            let refused = config(&vars).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("{key}: ")), "{refused}");
        }
    }

    #[test]
    fn no_url_of_redis_names_sentinels_or_a_cluster() {
        for mode in ["sentinel", "cluster"] {
            let refused = config(&[("REDIS_URL", "redis://x"), ("REDIS_MODE", mode)]).unwrap_err();
            assert!(refused.to_string().starts_with("REDIS_MODE: "), "{refused}");
        }
        let standalone = [("REDIS_URL", "redis://x"), ("REDIS_MODE", "standalone")];
        assert!(config(&standalone).unwrap().redis.is_some());
    }

    #[test]
    fn what_a_url_stands_for_is_not_dropped_beside_it() {
        let (postgres, redis) =
            (("DATABASE_URL", "postgres://u:p@db/d"), ("REDIS_URL", "redis://redis"));
        for (url, key, value) in [
            (postgres, "POSTGRES_USER", "other"),
            (postgres, "POSTGRES_PASSWORD", "hunter2"),
            (postgres, "POSTGRES_DB", "other"),
            (postgres, "POSTGRES_SSLMODE", "verify-full"),
            (postgres, "POSTGRES_SSLROOTCERT", "/ca.pem"),
            (("DATABASE_URL", "sqlite://x"), "POSTGRES_PASSWORD", "hunter2"),
            (redis, "REDIS_PORT", "6380"),
            (redis, "REDIS_USER", "other"),
            (redis, "REDIS_PASSWORD", "hunter2"),
            (redis, "REDIS_DB", "2"),
            (redis, "REDIS_TLS", "true"),
        ] {
            let refusal = config(&[url, (key, value)]).unwrap_err().to_string();
            assert!(refusal.starts_with(&format!("{key}: {} ", url.0)), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
        let replicas = ("POSTGRES_REPLICA_HOSTS", "replica");
        config(&[postgres, replicas, ("POSTGRES_PORT", "6432")]).unwrap();
    }

    #[test]
    fn authorities_are_not_given_for_nothing() {
        let authorities = ("REDIS_TLS_ROOTCERT", "/ca.pem");
        for server in [("REDIS_URL", "redis://redis"), ("REDIS_HOST", "redis")] {
            let refusal = config(&[server, authorities]).unwrap_err().to_string();
            assert!(refusal.starts_with("REDIS_TLS_ROOTCERT: "), "{refusal}");
        }
        config(&[("REDIS_URL", "rediss://redis"), authorities]).unwrap();
        config(&[("REDIS_HOST", "redis"), ("REDIS_TLS", "true"), authorities]).unwrap();

        let (server, authorities) = (("POSTGRES_HOST", "db"), ("POSTGRES_SSLROOTCERT", "/ca.pem"));
        for mode in ["", "disable", "prefer", "require"] {
            let vars = [server, authorities, ("POSTGRES_SSLMODE", mode)];
            let refusal = config(&vars).unwrap_err().to_string();
            assert!(refusal.starts_with("POSTGRES_SSLROOTCERT: "), "{refusal}");
        }
        config(&[server, authorities, ("POSTGRES_SSLMODE", "verify-ca")]).unwrap();
        let url = "postgres://u:hunter2@db/d?sslrootcert=/ca.pem";
        for key in ["DATABASE_URL", "MIGRATION_DATABASE_URL"] {
            let refusal = config(&[server, (key, url)]).unwrap_err().to_string();
            assert!(refusal.starts_with(&format!("{key}: its sslrootcert ")), "{refusal}");
        }
    }

    #[test]
    fn what_is_said_of_a_server_that_nothing_names_is_not_dropped() {
        for (key, value) in [
            ("POSTGRES_PORT", "6432"),
            ("POSTGRES_USER", "other"),
            ("POSTGRES_PASSWORD", "hunter2"),
            ("POSTGRES_DB", "other"),
            ("POSTGRES_SSLMODE", "verify-full"),
            ("POSTGRES_SSLROOTCERT", "/ca.pem"),
            ("POSTGRES_SCHEMA", "s"),
            ("POSTGRES_REPLICA_HOSTS", "replica"),
            ("MIGRATION_DATABASE_URL", "postgres://u:hunter2@db/d"),
            ("REDIS_PORT", "6380"),
            ("REDIS_USER", "other"),
            ("REDIS_PASSWORD", "hunter2"),
            ("REDIS_DB", "2"),
            ("REDIS_MODE", "cluster"),
            ("REDIS_TLS", "true"),
            ("REDIS_TLS_ROOTCERT", "/ca.pem"),
            ("REDIS_SENTINEL_PASSWORD", "hunter2"),
        ] {
            let refusal = config(&[("POSTGRES_HOTS", "db"), (key, value)]).unwrap_err().to_string();
            assert!(refusal.starts_with(&format!("{key}: of which server? ")), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn servers_are_configured_part_by_part_or_by_url() {
        let of_url = "postgres://u:p@db:6432/d?sslmode=require";
        let of_parts = [
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_PORT", "6432"),
            ("POSTGRES_USER", "u"),
            ("POSTGRES_PASSWORD", "p"),
            ("POSTGRES_DB", "d"),
            ("POSTGRES_SSLMODE", "require"),
        ];
        let shown = |vars: &[(&str, &str)]| format!("{:?}", config(vars).unwrap());
        assert_eq!(shown(&of_parts), shown(&[("DATABASE_URL", of_url)]));
        let of_parts = [("REDIS_HOST", "r:7000"), ("REDIS_PASSWORD", "p"), ("REDIS_DB", "2")];
        assert_eq!(shown(&of_parts), shown(&[("REDIS_URL", "redis://:p@r:7000/2")]));
    }

    #[test]
    fn every_key_stands_in_the_sample() {
        let sample = include_str!("../../../.env.sample");
        let mut asked = std::collections::BTreeSet::new();
        let seen = std::cell::RefCell::new(&mut asked);
        Config::read(&Environment(&|key| {
            seen.borrow_mut().insert(key.to_owned());
            None
        }))
        .unwrap();
        for key in asked {
            let stands = sample.lines().any(|line| line.starts_with(&format!("{key}=")));
            assert!(stands, "{key}");
        }
    }

    #[test]
    fn the_sample_says_the_defaults() {
        let sample = include_str!("../../../.env.sample");
        let vars: Vec<_> = sample
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .collect();
        let urls = [("DATABASE_URL", "postgres://u:p@db/d"), ("REDIS_URL", "rediss://redis")];
        for servers in [&[][..], &[("POSTGRES_HOST", "db"), ("REDIS_HOST", "redis")], &urls] {
            let with_sample = [servers, &vars].concat();
            let (sample, default) = (config(&with_sample).unwrap(), config(servers).unwrap());
            assert_eq!(format!("{sample:?}"), format!("{default:?}"));
        }
    }
}
