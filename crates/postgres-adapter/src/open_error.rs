use std::error::Error;
use std::path::PathBuf;

use thiserror::Error;

/// Why a database cannot be used. Every variant says which one, in a sentence,
/// and none repeats a password.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nobody answers there, or not in time.
    #[error("the PostgreSQL server at {host} cannot be reached")]
    Unreachable {
        /// The host and port.
        host: String,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server answers, and accepts nobody now: it starts, stops, or has as
    /// many connections as it may have.
    #[error("the PostgreSQL server at {host} accepts no connection now")]
    Busy {
        /// The host and port.
        host: String,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No server accepts writes.
    #[error("the PostgreSQL server at {host} is a standby, which accepts no writes")]
    NotPrimary {
        /// The host and port.
        host: String,
    },
    /// The user or the password is wrong.
    #[error("the PostgreSQL server at {host} does not let the user {user} in")]
    Login {
        /// The host and port.
        host: String,
        /// The user.
        user: String,
        /// What the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such database.
    #[error("the PostgreSQL server at {host} has no database {database}")]
    NoDatabase {
        /// The host and port.
        host: String,
        /// The database.
        database: String,
    },
    /// There is no such schema.
    #[error("the database {database} at {host} has no schema {schema}")]
    NoSchema {
        /// The host and port.
        host: String,
        /// The database.
        database: String,
        /// The schema.
        schema: String,
    },
    /// The server does not encrypt, or its certificate is not to be trusted.
    #[error("no trusted TLS connection to the PostgreSQL server at {host} can be made")]
    Tls {
        /// The host and port.
        host: String,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The certificates of the trusted authorities cannot be read.
    #[error("the root certificate {} cannot be read", path.display())]
    RootCertificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The schema has tables that are not ours. It was left alone.
    #[error("the database {database} at {host} belongs to another program")]
    Foreign {
        /// The host and port.
        host: String,
        /// The database.
        database: String,
    },
    /// A newer version of the service has changed the tables. They were left
    /// alone.
    #[error(
        "the database {database} at {host} was upgraded by a newer version of this program, which \
         has the migration {migration}"
    )]
    Newer {
        /// The host and port.
        host: String,
        /// The database.
        database: String,
        /// The first migration that this version does not have.
        migration: String,
    },
    /// The tables cannot be changed, because another transaction uses them, or
    /// another process changes them, and does not come to an end. They are as they
    /// were.
    #[error(
        "the tables of the database {database} at {host} cannot be changed: another transaction \
         does not let go of them"
    )]
    Locked {
        /// The host and port.
        host: String,
        /// The database.
        database: String,
        /// What the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Anything else: a migration failed, a right is missing.
    #[error("the database {database} at {host} cannot be used")]
    Failed {
        /// The host and port.
        host: String,
        /// The database.
        database: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    /// Whether the same attempt may succeed later, without anybody changing the
    /// configuration.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Busy { .. }
                | Self::NotPrimary { .. }
                | Self::Locked { .. }
        )
    }
}
