use std::num::NonZeroUsize;
use std::time::Duration;

use crate::access::{Access, Host, InvalidUrl};

/// What stands between the service and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pooler {
    /// Nothing, or something that hands on whatever a connection says as it
    /// starts.
    #[default]
    None,
    /// A pooler whose clients share server connections by the transaction, as
    /// those of PgBouncer do. Everything then is a transaction of its own that
    /// depends on nothing before it and leaves nothing behind, no prepared
    /// statement either, which costs a read three more round trips.
    Transaction,
}

impl Pooler {
    /// The pooler that configuration calls `none` or `transaction`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "transaction" => Some(Self::Transaction),
            _ => None,
        }
    }
}

/// How processes that migrate one database at once keep out of each other's
/// way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MigrationLock {
    /// One after the other, by an advisory lock of PostgreSQL.
    #[default]
    Advisory,
    /// Not at all, for servers without advisory locks: who loses a race sees an
    /// error of the server, undoes what it did and begins again, a bounded
    /// number of times.
    None,
}

impl MigrationLock {
    /// The lock that configuration calls `advisory` or `none`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "advisory" => Some(Self::Advisory),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// How to use a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// Where it is.
    pub access: Access,
    /// Streaming replicas, to which reads go. They may be promoted.
    pub replica_hosts: Vec<Host>,
    /// The schema of the tables; where `None`, the one that comes first for the
    /// user.
    pub schema: Option<String>,
    /// What stands in between.
    pub pooler: Pooler,
    /// The most connections to the primary, and to each replica, that answer
    /// calls. One more to each watches over it.
    pub pool_size: NonZeroUsize,
    /// For how long one attempt to connect to one host may last.
    pub connect_timeout: Duration,
    /// For how long a call waits for a connection, new ones included, and for
    /// how long a server may show no sign of life.
    pub acquire_timeout: Duration,
    /// For how long one statement may last, waiting for locks included. The
    /// server ends it. Zero for as long as it takes.
    pub statement_timeout: Duration,
    /// How far a replica may lag behind and still be read.
    pub max_replica_lag: Duration,
    /// As whom and where to migrate, if not like everything else: with more
    /// rights, or past a pooler.
    pub migration_access: Option<Access>,
    /// How migrating processes keep out of each other's way.
    pub migration_lock: MigrationLock,
    /// For how long a migration waits for others, and for those who use the tables.
    pub migration_timeout: Duration,
}

impl PostgresConfig {
    /// The configuration of a server, with everything else as it is by default:
    /// 10 connections; 500 ms to connect, 800 ms to acquire a connection, 5 s a
    /// statement; a replica may lag 5 s; a migration waits 60 s.
    pub fn new(access: Access) -> Self {
        Self {
            access,
            replica_hosts: Vec::new(),
            schema: None,
            pooler: Pooler::default(),
            pool_size: NonZeroUsize::MIN.saturating_add(9),
            connect_timeout: Duration::from_millis(500),
            acquire_timeout: Duration::from_millis(800),
            statement_timeout: Duration::from_secs(5),
            max_replica_lag: Duration::from_secs(5),
            migration_access: None,
            migration_lock: MigrationLock::default(),
            migration_timeout: Duration::from_secs(60),
        }
    }

    /// The [default configuration](Self::new) of the server that a URL
    /// [names](Access::from_url), which may also have the options `schema` and
    /// `pooler` (`none` or `transaction`).
    ///
    /// # Errors
    /// [`InvalidUrl`].
    pub fn from_url(url: &str) -> Result<Self, InvalidUrl> {
        let (access, options) = Access::with_options(url)?;
        let mut config = Self::new(access);
        for (name, value) in options {
            match name.as_str() {
                "schema" if value.is_empty() => return Err(InvalidUrl::Value("schema")),
                "schema" => config.schema = Some(value),
                "pooler" => {
                    config.pooler = Pooler::parse(&value).ok_or(InvalidUrl::Value("pooler"))?;
                }
                _ => return Err(InvalidUrl::UnknownOption(name)),
            }
        }
        Ok(config)
    }

    /// The hosts that may accept writes besides the first one, each once.
    pub(crate) fn further_hosts(&self) -> Vec<Host> {
        let mut hosts: Vec<Host> = Vec::new();
        for host in self.access.further_hosts.iter().chain(&self.replica_hosts) {
            if *host != self.access.host && !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        hosts
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::access::SslMode;

    fn host(name: &str, port: u16) -> Host {
        Host { name: name.to_owned(), port }
    }

    #[test]
    fn a_url_says_everything() {
        let url = "postgres://b%40r:p%40ss%3Fw%2Ford@db.example:5433,[::1]:5434/bench%20mark\
                   ?sslmode=verify-full&sslrootcert=/etc/ca%20s.pem&schema=s&pooler=transaction";
        let config = PostgresConfig::from_url(url).unwrap();
        let Access { user, password, database, ssl_mode, root_certificate, .. } = config.access;
        assert_eq!(config.access.host, host("db.example", 5433));
        assert_eq!(config.access.further_hosts, [host("::1", 5434)]);
        assert_eq!((user.as_str(), database.as_str()), ("b@r", "bench mark"));
        assert_eq!(password.unwrap().expose_secret(), "p@ss?w/ord");
        assert_eq!(ssl_mode, SslMode::VerifyFull);
        assert_eq!(root_certificate, Some(PathBuf::from("/etc/ca s.pem")));
        assert_eq!((config.schema.as_deref(), config.pooler), (Some("s"), Pooler::Transaction));
    }

    #[test]
    fn a_url_need_not_say_everything() {
        let access = Access::from_url("postgresql://me@db").unwrap();
        assert_eq!((access.host, access.further_hosts), (host("db", 5432), vec![]));
        assert_eq!((access.user.as_str(), access.database.as_str()), ("me", "me"));
        assert!(access.password.is_none());
        assert_eq!(access.ssl_mode, SslMode::Prefer);
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for url in [
            "",
            "sqlite://data/benchmark.db",
            "postgres://",
            "postgres://db/benchmark",
            "postgres://me:secret@db:port/benchmark",
            "postgres://me:secret?x@db/benchmark",
            "postgres://me:secret@db/benchmark?sslmode=maybe",
            "postgres://me:secret@db/benchmark?pooler=session",
            "postgres://me:secret@db/benchmark?schema=",
            "postgres://me:secret@db/benchmark?options=-cfsync%3Doff",
            "postgres://me:secret@db/benchmark?sslrootcert=/ca.pem",
            "postgres://me:secret@db/benchmark?sslmode=require&sslrootcert=/ca.pem",
        ] {
            let error = PostgresConfig::from_url(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn debug_does_not_tell_the_password() {
        let config = PostgresConfig::from_url("postgres://me:secret@db/benchmark").unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn a_host_may_have_a_port_of_its_own() {
        for (text, expected) in [
            ("db", Some(host("db", 1))),
            ("db:2", Some(host("db", 2))),
            ("[::1]:2", Some(host("::1", 2))),
            ("[::1]", Some(host("::1", 1))),
            ("::1", Some(host("::1", 1))),
            ("", None),
            (":2", None),
            ("db:", None),
            ("db:70000", None),
            ("[::1", None),
        ] {
            assert_eq!(Host::parse(text, 1), expected, "{text}");
        }
        assert_eq!(host("::1", 2).to_string(), "[::1]:2");
        assert_eq!(host("db", 2).to_string(), "db:2");
    }

    #[test]
    fn a_host_that_is_named_twice_is_tried_once() {
        let mut config = PostgresConfig::from_url("postgres://me@a,b/x").unwrap();
        config.replica_hosts = vec![host("b", 5432), host("c", 5432)];
        config.replica_hosts.push(host("a", 5432));
        assert_eq!(config.further_hosts(), [host("b", 5432), host("c", 5432)]);
    }
}
