use std::sync::Arc;

use benchmark_domain::uuid::Uuid;
use benchmark_ports::StoreError;
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::config::PostgresConfig;
use crate::connection::Connector;
use crate::migrations::migrate;
use crate::open_error::OpenError;
use crate::pool::{Pool, PoolStatus, Target};
use crate::pooled_runs;
use crate::primary::Primary;
use crate::replicas::{Replica, Replicas};
use crate::servers::{Server, Servers};
use crate::session::Kind;
use crate::transaction::Task;

/// Every store over one PostgreSQL database.
///
/// A call is a task of its own on the runtime that opened the store: when its
/// caller goes away midway, or the caller's runtime does, it still ends as if
/// nobody had noticed. A call that reads with one statement alone is not: it is over
/// with its caller, and the connection that it used is closed. Its caller's runtime
/// has to have a timer.
pub struct PostgresStore {
    servers: Arc<Servers>,
    runtime: Handle,
    watch: Option<AbortHandle>,
}

impl PostgresStore {
    /// Opens the database that a configuration names, and creates or
    /// [upgrades](migrate) its tables first. Connections live on the runtime of
    /// the caller, which has to outlive the store.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(config: &PostgresConfig) -> Result<Self, OpenError> {
        migrate(config).await?;
        let connector = Arc::new(Connector::for_calls(config)?);
        let hosts = Primary::among(config.access.host.clone(), config.further_hosts());
        let hosts = Arc::new(hosts);
        let pool = |target, at_most| {
            let pool = Pool::new(&connector, target, at_most, config.acquire_timeout);
            pool.map_err(|error| OpenError::Failed {
                host: config.access.host.to_string(),
                database: config.access.database.clone(),
                source: error.into(),
            })
        };
        let replicas = config.replica_hosts.iter().map(|host| {
            let target = || Target::Host(host.clone());
            let server =
                Server { pool: pool(target(), config.pool_size.get())?, watch: pool(target(), 1)? };
            Ok(Replica::new(server))
        });
        let replicas = replicas.collect::<Result<_, OpenError>>()?;
        let servers = Servers {
            primary: Server {
                pool: pool(Target::Primary(Arc::clone(&hosts)), config.pool_size.get())?,
                watch: pool(Target::Primary(hosts), 1)?,
            },
            replicas: Arc::new(Replicas::new(replicas, config.max_replica_lag)),
            patience: config.acquire_timeout,
            statement_timeout: config.statement_timeout,
        };
        // While there is one to be had: it is needed when there may be none.
        _ = servers.primary.watch.ping(servers.patience).await;
        let runtime = Handle::current();
        let watch = (!servers.replicas.is_empty()).then(|| {
            let watch = Arc::clone(&servers.replicas).watch(servers.primary.watch.clone());
            runtime.spawn(watch).abort_handle()
        });
        Ok(Self { servers: Arc::new(servers), runtime, watch })
    }

    /// Pools the runs that were recorded by a version which pools none. Until
    /// then windows count them one by one, which is slower and no less right.
    /// Tells the ids of those that cannot be, because they or the pools cannot be
    /// read.
    ///
    /// # Errors
    /// [`StoreError`]; what is not pooled yet counts as before.
    pub async fn pool_older_runs(&self) -> Result<Vec<String>, StoreError> {
        let mut unreadable = Vec::new();
        let mut after = Uuid::nil();
        loop {
            let waiting = self
                .snapshot_primary(move |connection| pooled_runs::waiting(connection, after).boxed())
                .await?;
            let Some(last) = waiting.last() else { return Ok(unreadable) };
            after = *last;
            match self.pool(waiting.clone()).await {
                // One by one, so that one keeps no other from being pooled.
                Err(StoreError::Corrupt { .. }) => {
                    for run in waiting {
                        match self.pool(vec![run]).await {
                            Err(StoreError::Corrupt { .. }) => unreadable.push(run.to_string()),
                            done => done?,
                        }
                    }
                }
                done => done?,
            }
        }
    }

    async fn pool(&self, waiting: Vec<Uuid>) -> Result<(), StoreError> {
        let waiting: Arc<[Uuid]> = waiting.into();
        self.write(move |connection| {
            let waiting = Arc::clone(&waiting);
            async move { pooled_runs::take_in(connection, &waiting).await }.boxed()
        })
        .await
    }

    /// How many connections to the primary there are, and what they do.
    pub fn pool_status(&self) -> PoolStatus {
        self.servers.primary.pool.status()
    }

    /// The same of the connections to all replicas together.
    pub fn replica_pool_status(&self) -> PoolStatus {
        self.servers.replicas.pools().map(Pool::status).sum()
    }

    /// How many replicas may be read at present.
    pub fn readable_replicas(&self) -> usize {
        self.servers.replicas.readable().count()
    }

    /// Tells that another process has written something that this one is to see:
    /// replicas are not read until they have replayed what the primary has
    /// written by now.
    pub fn changed_elsewhere(&self) {
        self.servers.replicas.fence().close();
    }

    /// Asks the primary for a sign of life, over a connection that no call takes.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let servers = Arc::clone(&self.servers);
        self.run(async move { servers.primary.ping(servers.patience).await }).await
    }

    /// Reads with one statement, from a replica if one may be read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        task: impl Task<T> + 'static,
    ) -> Result<T, StoreError> {
        // As a task of its own it would take one more wake-up, and a timer that wakes the
        // other thread again.
        self.servers.read(Kind::Statement, &task).await
    }

    /// Reads with several statements, all at one moment, from a replica if one
    /// may be read.
    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        task: impl Task<T> + 'static,
    ) -> Result<T, StoreError> {
        let servers = Arc::clone(&self.servers);
        self.run(async move { servers.read(Kind::Snapshot, &task).await }).await
    }

    /// Reads with one statement, from the primary.
    pub(crate) async fn read_primary<T: Send + 'static>(
        &self,
        task: impl Task<T> + 'static,
    ) -> Result<T, StoreError> {
        let servers = Arc::clone(&self.servers);
        self.run(async move { servers.read_primary(Kind::Statement, &task).await }).await
    }

    /// Reads with several statements, all at one moment, from the primary.
    pub(crate) async fn snapshot_primary<T: Send + 'static>(
        &self,
        task: impl Task<T> + 'static,
    ) -> Result<T, StoreError> {
        let servers = Arc::clone(&self.servers);
        self.run(async move { servers.read_primary(Kind::Snapshot, &task).await }).await
    }

    /// Writes in a transaction, which is undone if the task fails. The task may
    /// be run more than once, of which one run counts.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        task: impl Task<T> + 'static,
    ) -> Result<T, StoreError> {
        let servers = Arc::clone(&self.servers);
        self.run(async move { servers.write(&task).await }).await
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.spawn(call).await.map_err(StoreError::failed)?
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}
