use std::path::Path;

use benchmark_ports::StoreError;
use diesel::SqliteConnection;
use tokio::runtime::Handle;

use crate::connection::{Connections, connections};
use crate::failure::Failure;
use crate::migrations::{absolute, migrate};
use crate::open_error::OpenError;
use crate::pooled_runs;

/// Every store over one SQLite file.
///
/// Reads run on a few connections, which see the last commit and wait for
/// nobody. Writes run on one, each in a transaction of its own, which is on
/// disk once the call returns.
pub struct SqliteStore {
    readers: Connections,
    writer: Connections,
    runtime: Handle,
}

impl SqliteStore {
    /// Few will do: rankings are cached in front of the store.
    const READERS: usize = 4;

    /// Opens the database in a file; creates and [upgrades](migrate) it first.
    /// Queries run on the runtime of the caller, which has to outlive the
    /// store.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        migrate(path).await?;
        let path = absolute(path)?;
        let pool = |at_most| {
            connections(&path, at_most)
                .map_err(|error| OpenError::Failed { path: path.clone(), source: error.into() })
        };
        let (readers, writer) = (pool(Self::READERS)?, pool(1)?);
        Ok(Self { readers, writer, runtime: Handle::current() })
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
        let mut after = String::new();
        loop {
            let behind = after;
            let waiting =
                self.read(move |connection| pooled_runs::waiting(connection, &behind)).await?;
            let Some(last) = waiting.last() else { return Ok(unreadable) };
            after = last.clone();
            match self.pool(waiting.clone()).await {
                // One by one, so that one keeps no other from being pooled.
                Err(StoreError::Corrupt { .. }) => {
                    for run in waiting {
                        match self.pool(vec![run.clone()]).await {
                            Err(StoreError::Corrupt { .. }) => unreadable.push(run),
                            done => done?,
                        }
                    }
                }
                done => done?,
            }
        }
    }

    async fn pool(&self, waiting: Vec<String>) -> Result<(), StoreError> {
        self.write(move |connection| pooled_runs::take_in(connection, &waiting)).await
    }

    /// Reads on one connection.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(&self.readers, task).await
    }

    /// Writes in a transaction, which is undone if the task fails.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Immediate: a transaction that began by reading could not wait for
        // another writer any more, it would have to start again.
        self.run(&self.writer, |connection| connection.immediate_transaction(task)).await
    }

    /// Runs a task on a thread that may block. It is a task of its own on the
    /// runtime that opened the store: when a caller goes away midway, or its
    /// runtime does, the task still ends as if nobody had noticed.
    async fn run<T: Send + 'static>(
        &self,
        connections: &Connections,
        task: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connections = connections.clone();
        let running = self.runtime.spawn(async move {
            let mut connection = connections.get().await.map_err(StoreError::unavailable)?;
            let done = connection.spawn_blocking(|connection| Ok(task(connection))).await;
            done.map_err(StoreError::failed)?.map_err(|Failure(error)| error)
        });
        running.await.map_err(StoreError::failed)?
    }
}
