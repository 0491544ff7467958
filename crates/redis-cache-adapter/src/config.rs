use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use redis::{ConnectionAddr, IntoConnectionInfo};
use secrecy::SecretString;

use crate::{InvalidRedisConfig, RedisHost};

/// How the servers are arranged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisMode {
    /// One server.
    Standalone {
        /// Where it is.
        host: RedisHost,
    },
    /// A master with replicas, watched by sentinels, who say which one it is.
    Sentinel {
        /// Where the sentinels are.
        hosts: Vec<RedisHost>,
        /// What they call the master.
        master: String,
    },
    /// Keys spread over several masters.
    Cluster {
        /// Where some nodes are; the others are found through them.
        hosts: Vec<RedisHost>,
    },
}

impl RedisMode {
    /// The hosts that are configured.
    pub(crate) fn hosts(&self) -> &[RedisHost] {
        match self {
            Self::Standalone { host } => std::slice::from_ref(host),
            Self::Sentinel { hosts, .. } | Self::Cluster { hosts } => hosts,
        }
    }
}

impl fmt::Display for RedisMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.hosts().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Standalone { .. } => write!(f, "Redis at {hosts}"),
            Self::Sentinel { master, .. } => write!(f, "Redis {master} by the sentinels {hosts}"),
            Self::Cluster { .. } => write!(f, "Redis Cluster at {hosts}"),
        }
    }
}

/// Whether connections are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisTls {
    /// They are not.
    Off,
    /// They are, those to sentinels too, and certificates are checked.
    On {
        /// The certificates to trust, in PEM; else those of the system.
        root_certificate: Option<PathBuf>,
    },
}

/// As whom to sign in to sentinels, who have accounts of their own. Its `Debug`
/// does not show the password.
#[derive(Debug, Clone, Default)]
pub enum SentinelAccount {
    /// The user and the password of the servers that they watch.
    #[default]
    LikeServers,
    /// Nobody: they ask for no password, and would refuse one.
    Nobody,
    /// Somebody else.
    Own {
        /// Who; the default user if nobody is named.
        user: Option<String>,
        /// What to sign in with.
        password: SecretString,
    },
}

/// How to reach Redis. Its `Debug` does not show the password.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// How the servers are arranged.
    pub mode: RedisMode,
    /// Who to sign in as; the default user where only a password is given.
    pub user: Option<String>,
    /// What to sign in with.
    pub password: Option<SecretString>,
    /// As whom to sign in to sentinels, where there are some.
    pub sentinel_account: SentinelAccount,
    /// Which database; a Cluster has only 0.
    pub db: u32,
    /// Whether connections are encrypted.
    pub tls: RedisTls,
    /// How long opening a connection to a server may take.
    pub connect_timeout: Duration,
    /// How long a command may take. A read waits no longer for the cache.
    pub response_timeout: Duration,
    /// What the names of all keys and channels begin with, so that services can
    /// share a server.
    pub prefix: String,
}

impl RedisConfig {
    /// How long opening a connection may take by default.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(50);

    /// How long a command may take by default.
    pub const RESPONSE_TIMEOUT: Duration = Duration::from_millis(50);

    /// What names begin with by default.
    pub const PREFIX: &str = "benchmark:";

    /// These servers, with everything else as it is by default: no password, no
    /// TLS, database 0.
    pub fn new(mode: RedisMode) -> Self {
        Self {
            mode,
            user: None,
            password: None,
            sentinel_account: SentinelAccount::default(),
            db: 0,
            tls: RedisTls::Off,
            connect_timeout: Self::CONNECT_TIMEOUT,
            response_timeout: Self::RESPONSE_TIMEOUT,
            prefix: Self::PREFIX.to_owned(),
        }
    }

    /// One server by its URL, `redis://[user[:password]@]host[:port][/db]`, with
    /// TLS where it begins with `rediss://`.
    ///
    /// # Errors
    /// [`InvalidRedisConfig::Url`], which does not repeat the URL, as that may hold a
    /// password; [`InvalidRedisConfig::UserWithoutPassword`].
    pub fn from_url(url: &str) -> Result<Self, InvalidRedisConfig> {
        let parsed = url.into_connection_info().map_err(|_| InvalidRedisConfig::Url)?;
        let (name, port, tls) = match parsed.addr() {
            ConnectionAddr::Tcp(name, port) => (name, port, RedisTls::Off),
            ConnectionAddr::TcpTls { host, port, insecure: false, .. } => {
                (host, port, RedisTls::On { root_certificate: None })
            }
            _ => return Err(InvalidRedisConfig::Url),
        };
        let host = RedisHost { name: name.clone(), port: *port };
        let account = parsed.redis_settings();
        if account.username().is_some() && account.password().is_none() {
            return Err(InvalidRedisConfig::UserWithoutPassword);
        }
        Ok(Self {
            user: account.username().map(str::to_owned),
            password: account.password().map(SecretString::from),
            db: u32::try_from(account.db()).map_err(|_| InvalidRedisConfig::Url)?,
            tls,
            ..Self::new(RedisMode::Standalone { host })
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_url_says_everything() {
        let config = RedisConfig::from_url("rediss://me:s%40crét@cache:7000/3").unwrap();
        let host = RedisHost { name: "cache".to_owned(), port: 7000 };
        assert_eq!(config.mode, RedisMode::Standalone { host });
        assert_eq!(config.user.as_deref(), Some("me"));
        assert_eq!(config.password.unwrap().expose_secret(), "s@crét");
        assert_eq!((config.db, config.tls), (3, RedisTls::On { root_certificate: None }));
    }

    #[test]
    fn a_url_needs_no_more_than_a_host() {
        let config = RedisConfig::from_url("redis://cache").unwrap();
        assert_eq!(config.mode.to_string(), "Redis at cache:6379");
        assert_eq!((config.user, config.db, config.tls), (None, 0, RedisTls::Off));
        assert!(config.password.is_none());
    }

    #[test]
    fn passwords_are_not_shown() {
        let config = RedisConfig::from_url("redis://me:hunter2@cache").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        for url in ["http://me:hunter2@cache", "redis://me:hunter2@", "redis://:hunter2@c/x"] {
            let error = RedisConfig::from_url(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn certificates_are_always_checked() {
        assert!(RedisConfig::from_url("rediss://cache/#insecure").is_err());
    }
}
