use std::ops::{Deref, DerefMut};
use std::time::Duration;

use benchmark_ports::StoreError;
use diesel::connection::CacheSize;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    TransactionManager,
};
use secrecy::ExposeSecret;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::NoTls;
use tokio_postgres::config::{SslMode as DriverMode, TargetSessionAttrs};

use crate::access::{Access, Host};
use crate::config::{Pooler, PostgresConfig};
use crate::connect_error::ConnectError;
use crate::open_error::OpenError;
use crate::session::Session;
use crate::tls::Tls;

/// A connection, and the task that moves its bytes.
pub(crate) struct Connection {
    inner: AsyncPgConnection,
    mover: JoinHandle<()>,
    host: Host,
    is_lent: bool,
}

impl Connection {
    /// Tells that a task begins to use it.
    pub(crate) fn lend(&mut self) {
        self.is_lent = true;
    }

    /// Tells that the task has come to its end, and the connection is of further use.
    pub(crate) fn take_back(&mut self) {
        self.is_lent = false;
    }

    /// Whether it is known to be of no use any more: closed, or left in the
    /// middle of a task or a transaction. Asks nobody.
    pub(crate) fn is_spent(&mut self) -> bool {
        self.is_lent
            || self.mover.is_finished()
            || AnsiTransactionManager::is_broken_transaction_manager(&mut self.inner)
    }

    /// Asks the server for a sign of life.
    pub(crate) async fn ping(&mut self) -> diesel::QueryResult<()> {
        self.inner.batch_execute("SELECT 1").await
    }

    /// Where it goes.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The connection as diesel knows it.
    pub(crate) fn into_inner(self) -> AsyncPgConnection {
        self.inner
    }
}

impl Deref for Connection {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

/// Which servers will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Any.
    Any,
    /// One that accepts writes.
    Writable,
}

/// Opens connections. They live on the runtime that the connector was made on,
/// whoever asks for them: that of a caller may end in the middle of somebody
/// else's query.
#[derive(Clone)]
pub(crate) struct Connector {
    access: Access,
    tls: Tls,
    pub(crate) session: Session,
    timeout: Duration,
    runtime: Handle,
}

impl Connector {
    /// For calls.
    pub(crate) fn for_calls(config: &PostgresConfig) -> Result<Self, OpenError> {
        Ok(Self {
            access: config.access.clone(),
            tls: Tls::of(&config.access)?,
            session: Session::of(config, config.statement_timeout),
            timeout: config.connect_timeout,
            runtime: Handle::current(),
        })
    }

    /// For migrations, whose statements last as long as it takes.
    pub(crate) fn for_migrations(config: &PostgresConfig) -> Result<Self, OpenError> {
        let access = config.migration_access.as_ref().unwrap_or(&config.access).clone();
        Ok(Self {
            tls: Tls::of(&access)?,
            access,
            session: Session::of(config, Duration::ZERO),
            timeout: config.connect_timeout,
            runtime: Handle::current(),
        })
    }

    /// As whom it connects.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// Connects to a host, within the time that one attempt may last.
    pub(crate) async fn connect(
        &self,
        host: &Host,
        wanted: Wanted,
    ) -> Result<Connection, ConnectError> {
        let (this, to) = (self.clone(), host.clone());
        let attempt =
            async move { tokio::time::timeout(this.timeout, this.open(&to, wanted)).await };
        match self.runtime.spawn(attempt).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(_)) => Err(ConnectError::Silent { host: host.clone() }),
            Err(ended) => Err(ConnectError::Other { host: host.clone(), source: ended.into() }),
        }
    }

    async fn open(&self, host: &Host, wanted: Wanted) -> Result<Connection, ConnectError> {
        let mut config = tokio_postgres::Config::new();
        let Access { user, password, database, .. } = &self.access;
        config.host(&host.name).port(host.port).user(user).dbname(database);
        config.application_name(Session::APPLICATION_NAME).ssl_mode(self.tls.mode);
        if let Some(password) = password {
            config.password(password.expose_secret());
        }
        if let Some(options) = self.session.startup_options() {
            config.options(options);
        }
        if wanted == Wanted::Writable {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let failed = |error| ConnectError::of(host, error);
        // A Unix socket has no name that a certificate could be for.
        let plain = self.tls.mode == DriverMode::Disable || host.name.starts_with('/');
        let (client, mover) = if plain {
            let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
            (client, self.runtime.spawn(async { drop(connection.await) }))
        } else {
            let tls = self.tls.connector.clone();
            let (client, connection) = config.connect(tls).await.map_err(failed)?;
            (client, self.runtime.spawn(async { drop(connection.await) }))
        };
        let other = |error: diesel::ConnectionError| ConnectError::Other {
            host: host.clone(),
            source: error.into(),
        };
        // What diesel tells a connection first is two prepared statements, which
        // only in one transaction reach the same server through a pooler.
        client.batch_execute("BEGIN").await.map_err(failed)?;
        let mut inner = AsyncPgConnection::try_from(client).await.map_err(other)?;
        inner
            .batch_execute("COMMIT")
            .await
            .map_err(|error| other(diesel::ConnectionError::CouldntSetupConfiguration(error)))?;
        if self.session.pooler == Pooler::Transaction {
            inner.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        Ok(Connection { inner, mover, host: host.clone(), is_lent: false })
    }
}

impl From<ConnectError> for StoreError {
    fn from(error: ConnectError) -> Self {
        Self::unavailable(error)
    }
}
