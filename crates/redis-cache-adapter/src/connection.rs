use redis::aio::MultiplexedConnection;
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};

/// A connection that many share: what they ask goes out together, and nobody
/// waits for another's answer.
#[derive(Clone)]
pub(crate) enum Connection {
    /// To one server.
    Single(MultiplexedConnection),
    /// To the nodes of a Cluster, which it finds again by itself.
    Cluster(ClusterConnection),
}

/// What a failure says about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing: whoever asked expects it.
    Expected,
    /// It is fine; the server refuses this command.
    Refusal,
    /// It may be sick.
    Doubt,
    /// It is of no use any more.
    Loss,
}

impl Connection {
    /// Sends a command and waits for its answer.
    pub(crate) async fn run<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, RedisError> {
        match self {
            Self::Single(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }

    /// What a failure of a command says about the connection.
    pub(crate) fn diagnose(&self, error: &RedisError) -> Failure {
        match error.kind() {
            // This server is no master any more: the master is another one.
            ErrorKind::Server(ServerErrorKind::ReadOnly) => Failure::Loss,
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::Moved
                | ServerErrorKind::TryAgain,
            ) => Failure::Doubt,
            ErrorKind::Server(ServerErrorKind::NoScript) => Failure::Expected,
            ErrorKind::Extension if error.code() == Some("NOAUTH") => Failure::Loss,
            ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::UnexpectedReturnType => {
                Failure::Refusal
            }
            // A Cluster's connection outlives those to its nodes.
            _ if error.is_timeout() || matches!(self, Self::Cluster(_)) => Failure::Doubt,
            _ => Failure::Loss,
        }
    }
}
