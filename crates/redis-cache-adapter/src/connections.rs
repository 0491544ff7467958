use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::time::sleep;

use crate::connection::Connection;

/// The connections to Redis where it was found: one that all share, and one of
/// each worker of the web server.
///
/// A worker is a runtime of one thread. What it asks over a connection of its own
/// crosses no threads on the way there and back, which costs more than everything
/// else about a command. Such a connection is opened when the worker first asks;
/// it only ever spares the shared one work, and where it cannot be had, the
/// shared one does it. In a Cluster all share one, which is several already.
pub(crate) struct Connections {
    shared: Connection,
    /// Where the shared one is driven, which needs no other.
    home: Id,
    /// The server that more can be opened to.
    server: Option<Client>,
    own: Arc<RwLock<OwnConnections>>,
}

/// Those of workers; `None` for one that is not there yet, or could not be had a
/// moment ago.
type OwnConnections = HashMap<Id, Option<MultiplexedConnection>>;

impl Connections {
    /// How many commands a connection takes in before its callers queue.
    const BUFFERED_COMMANDS: usize = 1024;

    /// How long opening a worker's may take. Nobody waits for it, and the worker
    /// may be busy.
    const OWN_TIMEOUT: Duration = Duration::from_secs(2);

    /// For how long one that could not be opened is not tried again.
    const PAUSE: Duration = Duration::from_secs(1);

    /// Opens the one that all share to a server; it is driven by the runtime that
    /// this is called on.
    pub(crate) async fn open(server: Client, timeout: Duration) -> Result<Self, RedisError> {
        let shared = Connection::Single(open(&server, timeout).await?);
        Ok(Self { server: Some(server), ..Self::shared_by_all(shared) })
    }

    /// One that was opened here and that all share.
    pub(crate) fn shared_by_all(shared: Connection) -> Self {
        Self { shared, home: Handle::current().id(), server: None, own: Arc::default() }
    }

    /// The one that all share.
    pub(crate) fn shared(&self) -> Connection {
        self.shared.clone()
    }

    /// That of the worker that asks, if it is one and has one.
    pub(crate) fn own(&self) -> Option<Connection> {
        let server = self.server.as_ref()?;
        let runtime = Handle::try_current().ok()?;
        if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread || runtime.id() == self.home {
            return None;
        }
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        let known = own.get(&runtime.id()).cloned();
        drop(own);
        match known {
            Some(own) => own.map(Connection::Single),
            None => {
                self.begin_own(server.clone(), &runtime);
                None
            }
        }
    }

    /// Does without that of the worker that asks; another is opened when it asks
    /// next.
    pub(crate) fn give_up_own(&self) {
        write(&self.own).remove(&Handle::current().id());
    }

    fn begin_own(&self, server: Client, runtime: &Handle) {
        let (own, worker) = (Arc::clone(&self.own), runtime.id());
        write(&own).insert(worker, None);
        runtime.spawn(async move {
            match open(&server, Self::OWN_TIMEOUT).await {
                Ok(connection) => _ = write(&own).insert(worker, Some(connection)),
                Err(error) => {
                    tracing::debug!(%error, "a worker has no connection to Redis of its own");
                    sleep(Self::PAUSE).await;
                    write(&own).remove(&worker);
                }
            }
        });
    }
}

fn write(own: &RwLock<OwnConnections>) -> RwLockWriteGuard<'_, OwnConnections> {
    own.write().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a connection that is driven by the runtime that this is called on.
async fn open(server: &Client, timeout: Duration) -> Result<MultiplexedConnection, RedisError> {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        // Whoever asks has a deadline of its own.
        .set_response_timeout(None)
        .set_pipeline_buffer_size(Connections::BUFFERED_COMMANDS);
    server.get_multiplexed_async_connection_with_config(&settings).await
}
