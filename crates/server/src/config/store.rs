use std::fmt;
use std::num::NonZero;
use std::path::PathBuf;

use benchmark_postgres_adapter::{Access, Host, MigrationLock, Pooler, PostgresConfig, SslMode};

use super::environment::{Environment, InvalidConfig, list, number, seconds};

/// Where the runs are kept.
#[derive(Debug, Clone)]
pub(crate) enum StoreConfig {
    /// In a file.
    Sqlite(PathBuf),
    /// On a PostgreSQL server.
    Postgres(Box<PostgresConfig>),
}

impl fmt::Display for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(config) => {
                write!(f, "the database {} at {}", config.access.database, config.access.host)
            }
        }
    }
}

/// Where runs are kept if nothing is said.
const FILE: &str = "data/benchmark.db";

/// What `DATABASE_URL` says too, with the defaults. `POSTGRES_PORT` is that of
/// replicas beside it.
const OF_URL: [(&str, &str); 5] = [
    ("POSTGRES_USER", "postgres"),
    ("POSTGRES_PASSWORD", ""),
    ("POSTGRES_DB", "benchmark"),
    ("POSTGRES_SSLMODE", "prefer"),
    ("POSTGRES_SSLROOTCERT", ""),
];

/// What is said of a server beside it, with the defaults.
const OF_SERVER: [(&str, &str); 4] = [
    ("POSTGRES_PORT", "5432"),
    ("POSTGRES_SCHEMA", ""),
    ("POSTGRES_REPLICA_HOSTS", ""),
    ("MIGRATION_DATABASE_URL", ""),
];

impl StoreConfig {
    pub(super) fn read(env: &Environment<'_>) -> Result<Self, InvalidConfig> {
        let url = env.get("DATABASE_URL")?;
        let host = env.get("POSTGRES_HOST")?;
        env.only_in("DATABASE_URL", &OF_URL)?;
        // Read in any case, so that a bad value is found before it is needed.
        let postgres = postgres(env, url.as_deref(), host.as_deref())?;
        match (url, host, postgres) {
            (Some(_), Some(_), _) => Err(InvalidConfig::new(
                "POSTGRES_HOST",
                "DATABASE_URL says where the database is already; unset one of the two",
            )),
            (_, _, Some(postgres)) => Ok(Self::Postgres(Box::new(postgres))),
            (None, ..) => Ok(Self::Sqlite(FILE.into())),
            (Some(url), ..) => match url.split_once("://") {
                Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
                // The URL may hold a password: it is not repeated.
                _ => Err(InvalidConfig::new(
                    "DATABASE_URL",
                    "it is not of the form sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/DB",
                )),
            },
        }
    }
}

/// The PostgreSQL server that is configured, if one is.
fn postgres(
    env: &Environment<'_>,
    url: Option<&str>,
    host: Option<&str>,
) -> Result<Option<PostgresConfig>, InvalidConfig> {
    let port = env.with("POSTGRES_PORT", "5432", |text| number(text, 1, u16::MAX))?;
    let (user, database) = (env.get("POSTGRES_USER")?, env.get("POSTGRES_DB")?);
    let password = env.get("POSTGRES_PASSWORD")?;
    let ssl_mode = env.optional("POSTGRES_SSLMODE", |text| {
        SslMode::parse(text).ok_or_else(|| {
            let modes = SslMode::ALL.map(SslMode::as_str).join(", ");
            format!("{text:?} is none of {modes}")
        })
    })?;
    let root_certificate = env.get("POSTGRES_SSLROOTCERT")?.map(PathBuf::from);
    let is_postgres =
        |url: &&str| url.starts_with("postgres://") || url.starts_with("postgresql://");
    let tuned = tuning(env, port)?;
    let config = match (url.filter(is_postgres), host) {
        (None, None) => {
            env.none_of(&OF_URL, "POSTGRES_HOST or DATABASE_URL")?;
            env.none_of(&OF_SERVER, "POSTGRES_HOST or DATABASE_URL")?;
            return Ok(None);
        }
        (Some(url), _) => PostgresConfig::from_url(url)
            .map_err(|error| InvalidConfig::new("DATABASE_URL", error.to_string()))?,
        (None, Some(host)) => {
            let mut hosts = hosts("POSTGRES_HOST", host, port)?.into_iter();
            let first = hosts.next();
            let host = first.ok_or_else(|| InvalidConfig::new("POSTGRES_HOST", "names no host"))?;
            let ssl_mode = ssl_mode.unwrap_or_default();
            if root_certificate.is_some() && !ssl_mode.verifies() {
                let reason = format!(
                    "nothing is verified while POSTGRES_SSLMODE is {}; set verify-ca or verify-full",
                    ssl_mode.as_str()
                );
                return Err(InvalidConfig::new("POSTGRES_SSLROOTCERT", reason));
            }
            PostgresConfig::new(Access {
                host,
                further_hosts: hosts.collect(),
                user: user.unwrap_or_else(|| "postgres".to_owned()),
                password: password.map(Into::into),
                database: database.unwrap_or_else(|| "benchmark".to_owned()),
                ssl_mode,
                root_certificate,
            })
        }
    };
    Ok(Some(tuned(config)))
}

/// What is configured beside the access, whether that is a URL or not.
fn tuning(
    env: &Environment<'_>,
    port: u16,
) -> Result<impl FnOnce(PostgresConfig) -> PostgresConfig, InvalidConfig> {
    let replica_hosts = env.get("POSTGRES_REPLICA_HOSTS")?.unwrap_or_default();
    let replica_hosts = hosts("POSTGRES_REPLICA_HOSTS", &replica_hosts, port)?;
    let schema = env.get("POSTGRES_SCHEMA")?;
    let pooler = env.optional("POSTGRES_POOLER", |text| {
        Pooler::parse(text).ok_or_else(|| format!("{text:?} is not none or transaction"))
    })?;
    let pool_size = env.with("POSTGRES_POOL_SIZE", "10", |text| number(text, 1, 1000))?;
    let pool_size = NonZero::new(pool_size).unwrap_or(NonZero::<usize>::MIN);
    let connect_timeout = env.with("POSTGRES_CONNECT_TIMEOUT", "0.5", seconds)?;
    let acquire_timeout = env.with("POSTGRES_ACQUIRE_TIMEOUT", "0.8", seconds)?;
    let statement_timeout = env.with("POSTGRES_STATEMENT_TIMEOUT", "5", seconds)?;
    let max_replica_lag = env.with("POSTGRES_MAX_REPLICA_LAG", "5", seconds)?;
    let migration_access = env.optional("MIGRATION_DATABASE_URL", |url| {
        Access::from_url(url).map_err(|error| error.to_string())
    })?;
    let migration_lock = env.with("MIGRATION_LOCK", "advisory", |text| {
        MigrationLock::parse(text).ok_or_else(|| format!("{text:?} is not advisory or none"))
    })?;
    Ok(move |config: PostgresConfig| PostgresConfig {
        access: config.access,
        replica_hosts,
        // What a URL says of them stands where the environment is silent.
        schema: schema.or(config.schema),
        pooler: pooler.unwrap_or(config.pooler),
        pool_size,
        connect_timeout,
        acquire_timeout,
        statement_timeout,
        max_replica_lag,
        migration_access,
        migration_lock,
        migration_timeout: config.migration_timeout,
    })
}

fn hosts(key: &'static str, text: &str, port: u16) -> Result<Vec<Host>, InvalidConfig> {
    let host = |text: &str| {
        Host::parse(text, port)
            // It may be a URL with a password: it is not repeated.
            .ok_or_else(|| InvalidConfig::new(key, "it is not HOST or HOST:PORT"))
    };
    list(text).map(host).collect()
}
