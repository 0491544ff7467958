use std::path::Path;
use std::time::Duration;

use deadpool::Runtime;
use diesel::connection::SimpleConnection;
use diesel::{ConnectionError, QueryResult, SqliteConnection};
use diesel_async::AsyncConnection;
use diesel_async::pooled_connection::deadpool::{BuildError, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

pub(crate) type Connections = Pool<SyncConnectionWrapper<SqliteConnection>>;

/// For how long a call waits for a connection, and a connection for the lock.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Tells a connection what every connection is told first.
pub(crate) fn set_up(connection: &mut SqliteConnection) -> QueryResult<()> {
    // `FULL` makes a commit durable, which in write-ahead mode `NORMAL` does
    // not, and does not depend on how SQLite was built.
    connection.batch_execute(&format!(
        "PRAGMA busy_timeout = {};
         PRAGMA foreign_keys = ON;
         PRAGMA synchronous = FULL;",
        PATIENCE.as_millis()
    ))
}

/// So many connections to a file, opened as they are needed.
pub(crate) fn connections(path: &Path, at_most: usize) -> Result<Connections, BuildError> {
    let mut config = ManagerConfig::default();
    // A file does not hang up: no test query at every checkout.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|path| {
        Box::pin(async move {
            let mut connection = SyncConnectionWrapper::<SqliteConnection>::establish(path).await?;
            connection
                .spawn_blocking(set_up)
                .await
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(connection)
        })
    });
    let manager = AsyncDieselConnectionManager::new_with_config(path.to_string_lossy(), config);
    Pool::builder(manager)
        .max_size(at_most)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        .build()
}
