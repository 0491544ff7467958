use std::iter::Sum;
use std::sync::Arc;
use std::time::Duration;

use benchmark_ports::StoreError;
use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use crate::access::Host;
use crate::connect_error::ConnectError;
use crate::connection::{Connection, Connector, Wanted};
use crate::primary::Primary;
use crate::session::Session;

/// For how long after its last use a connection is trusted to be alive. One that
/// the server closed is known to be closed; this is for those that something in
/// between forgot.
const TRUSTED_FOR: Duration = Duration::from_secs(30);

/// How often those who wait for an open connection look whether one is free.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Connections to one server.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: managed::Pool<Manager>,
    patience: Duration,
    session: Arc<Session>,
    turns: Arc<Mutex<()>>,
}

/// How many connections there are, and what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolStatus {
    /// How many there may be.
    pub max_size: usize,
    /// How many there are.
    pub size: usize,
    /// How many of them are idle.
    pub idle: usize,
    /// How many calls wait for one.
    pub waiting: usize,
}

impl Sum for PoolStatus {
    fn sum<I: Iterator<Item = Self>>(pools: I) -> Self {
        pools.fold(Self::default(), |sum, pool| Self {
            max_size: sum.max_size + pool.max_size,
            size: sum.size + pool.size,
            idle: sum.idle + pool.idle,
            waiting: sum.waiting + pool.waiting,
        })
    }
}

impl Pool {
    /// So many connections, opened as they are needed, for whom a call waits so
    /// long.
    pub(crate) fn new(
        connector: &Arc<Connector>,
        target: Target,
        at_most: usize,
        patience: Duration,
    ) -> Result<Self, managed::BuildError> {
        let manager = Manager { connector: Arc::clone(connector), target };
        let connections =
            managed::Pool::builder(manager).max_size(at_most).runtime(Runtime::Tokio1).build()?;
        let session = Arc::new(connector.session.clone());
        Ok(Self { connections, patience, session, turns: Arc::default() })
    }

    /// What holds for every statement on its connections.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// A connection that works, as far as is known. Where the server takes no more
    /// of them, one of those that are open is waited for.
    pub(crate) async fn get(&self) -> Result<Object<Manager>, StoreError> {
        let until = Instant::now() + self.patience;
        match timeout_at(until, self.connections.get()).await {
            Ok(Err(PoolError::Backend(error))) if self.may_do_without(&error) => {
                timeout_at(until, self.next_free()).await.unwrap_or(Err(error.into()))
            }
            Ok(got) => got.map_err(unavailable),
            Err(_) => Err(StoreError::unavailable("no connection became free in time")),
        }
    }

    /// Whether there are open connections, and the server is there and takes no more.
    fn may_do_without(&self, error: &ConnectError) -> bool {
        error.is_refusal() && self.status().size > 0
    }

    /// One of the connections that are open, which callers get in the order in which
    /// they asked.
    async fn next_free(&self) -> Result<Object<Manager>, StoreError> {
        let _turn = self.turns.lock().await;
        loop {
            let PoolStatus { size, idle, .. } = self.status();
            if idle > 0 || size == 0 {
                match self.connections.get().await {
                    // Somebody else was quicker.
                    Err(PoolError::Backend(error)) if self.may_do_without(&error) => {}
                    got => return got.map_err(unavailable),
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Asks the server for a sign of life.
    pub(crate) async fn ping(&self, within: Duration) -> Result<(), StoreError> {
        let until = Instant::now() + within;
        let silent = |_| StoreError::unavailable("the server does not answer");
        let mut connection = timeout_at(until, self.get()).await.map_err(silent)??;
        let answer = timeout_at(until, connection.ping()).await.map_err(silent);
        let answer = answer.and_then(|answer| answer.map_err(StoreError::unavailable));
        if answer.is_err() {
            drop(Object::take(connection));
        }
        answer
    }

    /// How many connections there are, and what they do.
    pub(crate) fn status(&self) -> PoolStatus {
        let managed::Status { max_size, size, available, waiting } = self.connections.status();
        PoolStatus { max_size, size, idle: available, waiting }
    }
}

fn unavailable(error: PoolError<ConnectError>) -> StoreError {
    match error {
        PoolError::Backend(error) => error.into(),
        error => StoreError::unavailable(error),
    }
}

/// Where connections go.
pub(crate) enum Target {
    /// To whichever host accepts writes.
    Primary(Arc<Primary>),
    /// To one host, whatever it is.
    Host(Host),
}

/// Opens connections, and looks at them before they are used again.
pub(crate) struct Manager {
    connector: Arc<Connector>,
    target: Target,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        match &self.target {
            Target::Primary(primary) => primary.connect(&self.connector).await,
            Target::Host(host) => self.connector.connect(host, Wanted::Any).await,
        }
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<ConnectError> {
        if connection.is_spent() {
            return Err(RecycleError::message("it is closed"));
        }
        if metrics.last_used() > TRUSTED_FOR {
            connection.ping().await.map_err(|error| RecycleError::message(error.to_string()))?;
        }
        Ok(())
    }
}
