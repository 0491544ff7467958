use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use benchmark_domain::WorkloadSlug;
use secrecy::SecretString;
use thiserror::Error;

/// What the environment says. Every key stands in `.env.sample` with its
/// default and its meaning.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) workers: Option<usize>,
    pub(crate) api_key: Option<SecretString>,
    pub(crate) database: PathBuf,
    pub(crate) default_workload: WorkloadSlug,
    pub(crate) cache_expiration: Duration,
    pub(crate) cache_max_bytes: u64,
    pub(crate) max_body_bytes: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) shutdown_drain: Duration,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) cors_allowed_origins: Vec<String>,
}

/// A key of the environment with a value that cannot be used.
#[derive(Debug, Error)]
#[error("{key}: {reason}")]
pub(crate) struct InvalidConfig {
    key: &'static str,
    reason: String,
}

impl Config {
    /// Reads the environment.
    pub(crate) fn from_env() -> Result<Self, InvalidConfig> {
        Self::read(&Environment(&|key| std::env::var_os(key).map(std::ffi::OsString::into_string)))
    }

    fn read(env: &Environment<'_>) -> Result<Self, InvalidConfig> {
        for key in ["POSTGRES_HOST", "POSTGRES_REPLICA_HOSTS", "REDIS_HOST", "REDIS_URL"] {
            if env.get(key)?.is_some() {
                let reason = "this version has no adapter for it; unset it to run embedded";
                return Err(InvalidConfig { key, reason: reason.to_owned() });
            }
        }
        Ok(Self {
            host: env.parse("HOST", "127.0.0.1")?,
            port: env.parse("PORT", "8000")?,
            workers: env.optional("WORKERS", |text| number(text, 1, 1024))?,
            api_key: env.optional("API_KEY", api_key)?,
            database: env.with("DATABASE_URL", "sqlite://data/benchmark.db", sqlite_path)?,
            default_workload: env.with("DEFAULT_WORKLOAD", "default", |text| {
                WorkloadSlug::parse(text).map_err(|e| e.to_string())
            })?,
            cache_expiration: env.with("CACHE_EXPIRATION", "5", seconds)?,
            cache_max_bytes: env
                .with("CACHE_MAX_BYTES", "67108864", |text| number(text, 0, 1 << 40))?,
            max_body_bytes: env
                .with("MAX_BODY_BYTES", "5242880", |text| number(text, 1, 1 << 30))?,
            body_timeout: env.with("BODY_TIMEOUT", "10", seconds)?,
            shutdown_drain: env.with("SHUTDOWN_DRAIN", "1.5", seconds)?,
            shutdown_timeout: env.with("SHUTDOWN_TIMEOUT", "30", seconds)?,
            cors_allowed_origins: env.with("CORS_ALLOWED_ORIGINS", "", |text| {
                let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
                Ok(origins.map(str::to_owned).collect())
            })?,
        })
    }
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<Result<String, std::ffi::OsString>>;

struct Environment<'a>(Lookup<'a>);

impl Environment<'_> {
    /// The value of a key; an empty one counts as none.
    fn get(&self, key: &'static str) -> Result<Option<String>, InvalidConfig> {
        match (self.0)(key) {
            None => Ok(None),
            Some(Ok(value)) => Ok((!value.is_empty()).then_some(value)),
            Some(Err(_)) => Err(InvalidConfig { key, reason: "it is not UTF-8".to_owned() }),
        }
    }

    fn optional<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, InvalidConfig> {
        let value = self.get(key)?;
        value.map(|v| parse(&v)).transpose().map_err(|reason| InvalidConfig { key, reason })
    }

    fn with<T>(
        &self,
        key: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, InvalidConfig> {
        let value = self.get(key)?;
        parse(value.as_deref().unwrap_or(default)).map_err(|reason| InvalidConfig { key, reason })
    }

    fn parse<T: FromStr<Err: Display>>(
        &self,
        key: &'static str,
        default: &str,
    ) -> Result<T, InvalidConfig> {
        self.with(key, default, |text| text.parse().map_err(|e| format!("{text:?}: {e}")))
    }
}

fn number<T: FromStr + PartialOrd + Display + Copy>(
    text: &str,
    min: T,
    max: T,
) -> Result<T, String> {
    text.parse()
        .ok()
        .filter(|n| (min..=max).contains(n))
        .ok_or_else(|| format!("{text:?} is not a number of {min} to {max}"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = number(text, 0.0, 86_400.0)?;
    Ok(Duration::from_secs_f64(seconds))
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

fn sqlite_path(url: &str) -> Result<PathBuf, String> {
    match url.split_once("://") {
        Some(("sqlite", path)) if !path.is_empty() => Ok(path.into()),
        Some(("postgres" | "postgresql", _)) => {
            Err("this version has no adapter for PostgreSQL; use sqlite://PATH".to_owned())
        }
        // The URL may hold a password: it is not repeated.
        _ => Err("it is not of the form sqlite://PATH".to_owned()),
    }
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
        assert_eq!(config.database, PathBuf::from("data/benchmark.db"));
        assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 8000));
    }

    #[test]
    fn a_bad_value_is_refused_by_the_name_of_its_key() {
        let cases = [
            ("PORT", "70000"),
            ("PORT", "http"),
            ("CACHE_EXPIRATION", "-1"),
            ("CACHE_EXPIRATION", "NaN"),
            ("WORKERS", "0"),
            ("DEFAULT_WORKLOAD", "a b"),
            ("API_KEY", "short"),
            ("DATABASE_URL", "mysql://x"),
            ("POSTGRES_HOST", "db"),
        ];
        for (key, value) in cases {
            assert!(refusal(key, value).starts_with(&format!("{key}: ")), "{key}={value}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        assert!(!refusal("DATABASE_URL", "postgres://u:hunter2@h/d").contains("hunter2"));
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
        let refused = ["POSTGRES_HOST", "POSTGRES_REPLICA_HOSTS", "REDIS_HOST", "REDIS_URL"];
        for key in asked.iter().filter(|key| !refused.contains(&key.as_str())) {
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
        assert_eq!(format!("{:?}", config(&vars).unwrap()), format!("{:?}", config(&[]).unwrap()));
    }
}
