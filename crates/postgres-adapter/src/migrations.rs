use std::error::Error;
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::MigrationHarness;

use crate::built_in_metrics::{lacking_metrics, write_metrics};
use crate::config::{MigrationLock, Pooler, PostgresConfig};
use crate::connection::Connector;
use crate::examination::{Blocking, MIGRATIONS, Refusal, examine, ours};
use crate::open_error::OpenError;
use crate::primary::Primary;
use crate::session::Session;

/// For how long a change of tables waits for one that somebody uses. So long all
/// others wait behind it, those that only read too.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// For how long the others are let through then.
const PAUSE: Duration = Duration::from_secs(2);

/// How often a process without a lock begins again.
const ATTEMPTS: u32 = 10;

/// Which migrations a database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Those that were run, the first one first.
    pub applied: Vec<String>,
    /// Those that this version would run, the first one first.
    pub pending: Vec<String>,
}

/// Creates the tables in a database, or upgrades them to this version of the
/// service. Tells which migrations were run, the first one first; none if there
/// was nothing to do, for which no right to change tables is needed. Any number
/// of processes may do so at once.
///
/// # Errors
/// [`OpenError`]; the tables are as they were then.
pub async fn migrate(config: &PostgresConfig) -> Result<Vec<String>, OpenError> {
    let turn = Turn::of(config);
    with_connection(config, move |connection, session| upgrade(connection, session, turn)).await
}

/// Which migrations a database has and which it lacks. Changes nothing.
///
/// # Errors
/// [`OpenError`].
pub async fn status(config: &PostgresConfig) -> Result<MigrationStatus, OpenError> {
    with_connection(config, |connection, session| {
        transaction(connection, session, |connection| {
            let applied = examine(connection)?;
            let pending = ours()?.into_iter().filter(|ours| !applied.contains(ours)).collect();
            Ok(MigrationStatus { applied, pending })
        })
    })
    .await
}

/// Reverts the migration that was run last, and what it made is lost. Tells
/// which it was; `None` if there was none.
///
/// # Errors
/// [`OpenError`]; the tables are as they were then.
pub async fn revert(config: &PostgresConfig) -> Result<Option<String>, OpenError> {
    let turn = Turn::of(config);
    with_connection(config, move |connection, session| {
        turn.transaction(connection, session, |connection| {
            if examine(connection)?.is_empty() {
                return Ok(None);
            }
            let reverted = connection.revert_last_migration(MIGRATIONS).map_err(Refusal::Other)?;
            Ok(Some(reverted.to_string()))
        })
    })
    .await
}

/// Connects to the primary, and runs a task on a thread that may block.
async fn with_connection<T: Send + 'static>(
    config: &PostgresConfig,
    task: impl FnOnce(&mut Blocking, &Session) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, OpenError> {
    let connector = Connector::for_migrations(config)?;
    let access = connector.access().clone();
    let others = match &config.migration_access {
        Some(access) => access.further_hosts.clone(),
        None => config.further_hosts(),
    };
    let primary = Primary::among(access.host.clone(), others);
    let connection = primary.connect(&connector).await.map_err(|error| error.about(&access))?;
    let (host, database) = (connection.host().to_string(), access.database);
    let session = connector.session.clone();
    let blocking = tokio::task::spawn_blocking(move || {
        task(&mut Blocking::from(connection.into_inner()), &session)
    });
    match blocking.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(refusal)) => Err(match refusal {
            Refusal::NoSchema => OpenError::NoSchema {
                host,
                database,
                schema: config.schema.clone().unwrap_or_default(),
            },
            Refusal::Foreign => OpenError::Foreign { host, database },
            Refusal::Newer(migration) => OpenError::Newer { host, database, migration },
            Refusal::Locked(source) => OpenError::Locked { host, database, source },
            Refusal::Driver(error) => OpenError::Failed { host, database, source: error.into() },
            Refusal::Other(source) => OpenError::Failed { host, database, source },
        }),
        Err(ended) => Err(OpenError::Failed { host, database, source: ended.into() }),
    }
}

/// Runs a task in a transaction, which is undone if the task fails.
fn transaction<T>(
    connection: &mut Blocking,
    session: &Session,
    task: impl FnOnce(&mut Blocking) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    connection.transaction(|connection| {
        // Who waited for a lock is to see what the one before did.
        connection.batch_execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
        if session.pooler == Pooler::Transaction {
            connection.batch_execute(&session.local_settings())?;
        }
        task(connection)
    })
}

fn upgrade(
    connection: &mut Blocking,
    session: &Session,
    turn: Turn,
) -> Result<Vec<String>, Refusal> {
    if transaction(connection, session, is_up_to_date)? {
        return Ok(Vec::new());
    }
    // All of it in one transaction: a database that is refused, or whose migration
    // fails, stays as it is.
    turn.transaction(connection, session, |connection| {
        examine(connection)?;
        let run = connection.run_pending_migrations(MIGRATIONS).map_err(Refusal::Other)?;
        let run = run.iter().map(ToString::to_string).collect();
        let lacking = lacking_metrics(connection)?;
        write_metrics(connection, &lacking)?;
        Ok(run)
    })
}

/// Whether there is nothing to do.
fn is_up_to_date(connection: &mut Blocking) -> Result<bool, Refusal> {
    let applied = examine(connection)?;
    let complete = ours()?.iter().all(|ours| applied.contains(ours));
    Ok(complete && lacking_metrics(connection)?.is_empty())
}

/// How processes that change the same tables take turns, and how long one of them
/// waits: for the others, and for those who use the tables.
#[derive(Clone, Copy)]
struct Turn {
    lock: MigrationLock,
    patience: Duration,
}

impl Turn {
    fn of(config: &PostgresConfig) -> Self {
        Self { lock: config.migration_lock, patience: config.migration_timeout }
    }

    /// Runs a task in a transaction when it is its turn, and again where tables
    /// were in use, or without a lock another process was in the way.
    fn transaction<T>(
        self,
        connection: &mut Blocking,
        session: &Session,
        task: impl Fn(&mut Blocking) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let until = Instant::now() + self.patience;
        let mut attempt = 1;
        loop {
            let mut begun = Instant::now();
            let done = transaction(connection, session, |connection| {
                self.take(connection, until.saturating_duration_since(begun))?;
                begun = Instant::now();
                task(connection)
            });
            let error: Box<dyn Error + Send + Sync> = match done {
                Err(Refusal::Driver(error)) => error.into(),
                Err(Refusal::Other(error)) => error,
                done => return done,
            };
            // What the server says of a lock is in the language of the server.
            let was_locked = begun.elapsed() >= LOCK_TIMEOUT;
            if was_locked && Instant::now() + PAUSE >= until {
                return Err(Refusal::Locked(error));
            }
            if was_locked {
                sleep(PAUSE);
            } else if self.lock == MigrationLock::None && attempt < ATTEMPTS {
                sleep(Duration::from_millis(50) * attempt);
                attempt += 1;
            } else {
                return Err(Refusal::Other(error));
            }
        }
    }

    /// Waits until nobody else migrates the same schema. The lock is let go as the
    /// transaction ends.
    fn take(self, connection: &mut Blocking, patience: Duration) -> QueryResult<()> {
        let wait_for_locks = |connection: &mut Blocking, time: Duration| {
            // Zero would be for ever.
            let millis = time.as_millis().max(1);
            connection.batch_execute(&format!("SET LOCAL lock_timeout TO {millis}"))
        };
        if self.lock == MigrationLock::Advisory {
            wait_for_locks(connection, patience)?;
            // "BMRK", so that other programs' locks are others.
            let class = i32::from_be_bytes(*b"BMRK");
            diesel::sql_query(format!(
                "SELECT pg_advisory_xact_lock({class}, hashtext(current_schema()))"
            ))
            .execute(connection)?;
        }
        wait_for_locks(connection, LOCK_TIMEOUT)
    }
}
