use std::error::Error;

use benchmark_ports::StoreError;
use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::access::{Access, Host};
use crate::open_error::OpenError;

/// Why there is no connection to a host.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    /// It cannot be reached.
    #[error("{host} cannot be reached")]
    Unreachable { host: Host, source: Box<dyn Error + Send + Sync> },
    /// It said nothing in time.
    #[error("{host} does not answer")]
    Silent { host: Host },
    /// It accepts no writes.
    #[error("{host} accepts no writes")]
    NotWritable { host: Host },
    /// It does not encrypt as it should.
    #[error("no trusted TLS connection to {host} can be made")]
    Tls { host: Host, source: Box<dyn Error + Send + Sync> },
    /// It refused, and told a code for the reason.
    #[error("{host} refused")]
    Refused { host: Host, code: SqlState, source: Box<dyn Error + Send + Sync> },
    /// Anything else.
    #[error("no connection to {host} can be made")]
    Other { host: Host, source: Box<dyn Error + Send + Sync> },
}

impl ConnectError {
    /// What an error of the driver means.
    pub(crate) fn of(host: &Host, error: tokio_postgres::Error) -> Self {
        let host = host.clone();
        if let Some(refusal) = error.as_db_error() {
            let code = refusal.code().clone();
            return Self::Refused { host, code, source: refusal.clone().into() };
        }
        // The driver keeps its kinds to itself; these words are its own.
        match error.to_string().as_str() {
            "error performing TLS handshake" => Self::Tls { host, source: error.into() },
            // All else that is configured is there: it asks for a password.
            "authentication error" | "invalid configuration" => {
                let code = SqlState::INVALID_PASSWORD;
                Self::Refused { host, code, source: error.into() }
            }
            "error connecting to server" if is_read_only(&error) => Self::NotWritable { host },
            "error connecting to server"
            | "error communicating with the server"
            | "connection closed" => Self::Unreachable { host, source: error.into() },
            _ => Self::Other { host, source: error.into() },
        }
    }

    /// Whether the server refused, with which it said that it is there.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether that is what made a call fail.
    pub(crate) fn is_refusal_behind(error: &StoreError) -> bool {
        let StoreError::Unavailable { source } = error else { return false };
        source.downcast_ref().is_some_and(Self::is_refusal)
    }

    /// What it means for whoever opens the database.
    pub(crate) fn about(self, access: &Access) -> OpenError {
        let (user, database) = (access.user.clone(), access.database.clone());
        match self {
            Self::Unreachable { host, source } => {
                OpenError::Unreachable { host: host.to_string(), source }
            }
            Self::Silent { host } => {
                let source = "it does not answer".into();
                OpenError::Unreachable { host: host.to_string(), source }
            }
            Self::NotWritable { host } => OpenError::NotPrimary { host: host.to_string() },
            Self::Tls { host, source } => OpenError::Tls { host: host.to_string(), source },
            Self::Refused { host, code, source } => {
                let host = host.to_string();
                match code.code() {
                    "28000" | "28P01" => OpenError::Login { host, user, source },
                    "3D000" => OpenError::NoDatabase { host, database },
                    // Starting, stopping, recovering; too many connections.
                    "57P01" | "57P02" | "57P03" | "53300" => OpenError::Busy { host, source },
                    _ => OpenError::Failed { host, database, source },
                }
            }
            Self::Other { host, source } => {
                OpenError::Failed { host: host.to_string(), database, source }
            }
        }
    }
}

/// Whether the driver left a server because it accepts no writes.
fn is_read_only(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied)
}
