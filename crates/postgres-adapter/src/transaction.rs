use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use futures_util::future::BoxFuture;

use crate::config::Pooler;
use crate::failure::Failure;
use crate::session::{Kind, Session};

/// What is done on a connection. It may be done more than once: where another
/// transaction was in the way, or a server went away.
pub(crate) trait Task<T>:
    for<'c> Fn(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + Sync
{
}

impl<T, F> Task<T> for F where
    F: for<'c> Fn(&'c mut AsyncPgConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + Sync
{
}

/// Does a task in a transaction of its kind, which is undone if the task fails.
pub(crate) async fn perform<T>(
    connection: &mut AsyncPgConnection,
    session: &Session,
    kind: Kind,
    task: &impl Task<T>,
) -> Result<T, Failure> {
    // A single statement is a transaction by itself.
    if kind == Kind::Statement && session.pooler == Pooler::None {
        return task(connection).await;
    }
    let begin = session.begin(kind);
    AnsiTransactionManager::begin_transaction_sql(connection, &begin).await?;
    match task(connection).await {
        Ok(done) => {
            AnsiTransactionManager::commit_transaction(connection).await?;
            Ok(done)
        }
        Err(failure) => {
            // That it cannot be undone either says more: there is no connection
            // any more.
            AnsiTransactionManager::rollback_transaction(connection).await?;
            Err(failure)
        }
    }
}
