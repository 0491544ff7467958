use std::sync::Arc;
use std::time::Duration;

use benchmark_ports::StoreError;
use deadpool::managed::Object;
use diesel_async::AsyncPgConnection;
use tokio::time::{Instant, sleep};

use crate::connect_error::ConnectError;
use crate::failure::{Failure, Trouble};
use crate::log::Log;
use crate::pool::{Manager, Pool};
use crate::replicas::Replicas;
use crate::session::Kind;
use crate::transaction::{Task, perform};

/// One server.
pub(crate) struct Server {
    /// The connections that answer calls.
    pub(crate) pool: Pool,
    /// A connection besides, which tells how the server is while all others are
    /// at work.
    pub(crate) watch: Pool,
}

/// The servers, and which of them does what.
pub(crate) struct Servers {
    pub(crate) primary: Server,
    pub(crate) replicas: Arc<Replicas>,
    /// How long a call waits for a connection, or for a sign of life.
    pub(crate) patience: Duration,
    pub(crate) statement_timeout: Duration,
}

impl Server {
    /// Asks for a sign of life, and that calls find a connection: a server that takes
    /// no new ones may still answer over the one that watches.
    pub(crate) async fn ping(&self, within: Duration) -> Result<(), StoreError> {
        self.watch.ping(within).await?;
        match self.pool.status().size {
            0 => self.pool.ping(within).await,
            _ => Ok(()),
        }
    }
}

/// A call that failed, and why.
struct Failed {
    trouble: Trouble,
    error: StoreError,
}

impl Servers {
    /// How often a write is tried that another transaction is in the way of.
    const WRITES: u32 = 5;

    /// Reads, from a replica if one may be read.
    pub(crate) async fn read<T>(&self, kind: Kind, task: &impl Task<T>) -> Result<T, StoreError> {
        if let Some(replica) = self.replicas.pick() {
            match self.attempt(&replica.server, kind, task).await {
                Ok(read) => return Ok(read),
                Err(Failed { error: error @ StoreError::Corrupt { .. }, .. }) => return Err(error),
                Err(_) => replica.avoid(),
            }
        }
        self.read_primary(kind, task).await
    }

    /// Reads from the primary.
    pub(crate) async fn read_primary<T>(
        &self,
        kind: Kind,
        task: &impl Task<T>,
    ) -> Result<T, StoreError> {
        match self.attempt(&self.primary, kind, task).await {
            // The server may have been restarted, or another one be it now.
            Err(Failed { trouble: Trouble::Disconnected, .. }) => {
                self.attempt(&self.primary, kind, task).await
            }
            done => done,
        }
        .map_err(|failed| failed.error)
    }

    /// Writes, to the primary.
    pub(crate) async fn write<T>(&self, task: &impl Task<T>) -> Result<T, StoreError> {
        for attempt in 1.. {
            match self.attempt(&self.primary, Kind::Write, task).await {
                Err(Failed { trouble: Trouble::Conflict, .. }) if attempt < Self::WRITES => {
                    sleep(Duration::from_millis(5) * attempt).await;
                }
                done => return done.map_err(|failed| failed.error),
            }
        }
        Err(StoreError::unavailable("other transactions were in the way"))
    }

    /// Does a task on a server, once.
    async fn attempt<T>(
        &self,
        server: &Server,
        kind: Kind,
        task: &impl Task<T>,
    ) -> Result<T, Failed> {
        let unavailable = |error| Failed { trouble: Trouble::Overloaded, error };
        let mut connection = server.pool.get().await.map_err(unavailable)?;
        let begun = Instant::now();
        connection.lend();
        let done = tokio::select! {
            biased;
            done = self.work(&mut connection, server, kind, task) => done,
            error = self.silence(server) => {
                drop(Object::take(connection));
                return Err(unavailable(error));
            }
        };
        match done {
            Ok(done) => {
                connection.take_back();
                Ok(done)
            }
            Err(failure) => Err(self.examine(connection, failure, begun).await),
        }
    }

    async fn work<T>(
        &self,
        connection: &mut AsyncPgConnection,
        server: &Server,
        kind: Kind,
        task: &impl Task<T>,
    ) -> Result<T, Failure> {
        let session = server.pool.session();
        let done = perform(connection, session, kind, task).await?;
        // Only for what is acknowledged: of a write that failed nobody expects to
        // see anything.
        if kind == Kind::Write && !self.replicas.is_empty() {
            match Log::of(connection, session).await {
                Ok(Some(log)) => self.replicas.fence().advance(log.position),
                Ok(None) | Err(_) => self.replicas.fence().close(),
            }
        }
        Ok(done)
    }

    /// Ends once the server shows no sign of life: a statement that waits for a
    /// lock, or has much to do, is another matter. That it takes no more connections
    /// is such a sign.
    async fn silence(&self, server: &Server) -> StoreError {
        let half = self.patience / 2;
        loop {
            sleep(half).await;
            match server.watch.ping(half).await {
                Err(error) if !ConnectError::is_refusal_behind(&error) => return error,
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Finds out what a failure means, and whether the connection is of further
    /// use.
    async fn examine(
        &self,
        mut connection: Object<Manager>,
        failure: Failure,
        begun: Instant,
    ) -> Failed {
        let mut trouble = failure.trouble();
        if trouble == Trouble::Unknown {
            let alive = tokio::time::timeout(self.patience, connection.ping()).await;
            if !matches!(alive, Ok(Ok(()))) {
                trouble = Trouble::Disconnected;
            } else if self.is_overdue(begun) {
                trouble = Trouble::Overloaded;
            }
        }
        if matches!(trouble, Trouble::Disconnected | Trouble::NotWritable) {
            drop(Object::take(connection));
        } else {
            connection.take_back();
        }
        Failed { trouble, error: failure.into_store_error(trouble) }
    }

    /// Whether a statement that began then was ended for having lasted too long.
    fn is_overdue(&self, begun: Instant) -> bool {
        !self.statement_timeout.is_zero() && begun.elapsed() >= self.statement_timeout
    }
}
