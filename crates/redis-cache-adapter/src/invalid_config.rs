use std::path::PathBuf;

use thiserror::Error;

/// A configuration that cannot work, whatever the servers do.
#[derive(Debug, Error)]
pub enum InvalidRedisConfig {
    /// Not a host. What was given is not repeated: it may be a URL with a
    /// password.
    #[error("that is not a host, such as redis.example.org:6379")]
    Host,
    /// No host.
    #[error("Redis needs at least one host")]
    NoHosts,
    /// Not a URL of Redis.
    #[error("a URL of Redis is redis://[user[:password]@]host[:port][/db], with TLS rediss://")]
    Url,
    /// A database that a Cluster does not have.
    #[error("a Redis Cluster has only the database 0")]
    DatabaseInCluster,
    /// A user who has no password.
    #[error("a user of Redis needs a password")]
    UserWithoutPassword,
    /// The file of certificates cannot be read.
    #[error("the root certificate {path} cannot be read")]
    UnreadableCertificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What is in the file is no certificate.
    #[error("{path} holds no certificate in PEM")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The driver refuses it.
    #[error("Redis cannot be used like this")]
    Refused {
        /// What the driver said.
        source: redis::RedisError,
    },
}
