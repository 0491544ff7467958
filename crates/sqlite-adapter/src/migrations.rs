use std::error::Error;
use std::fs;
use std::path::{self, Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::catalogue::write_built_in_metrics;
use crate::connection::{PATIENCE, set_up};
use crate::failure::Trouble;
use crate::open_error::OpenError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// What the first migration marks a file with.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"BMRK");

/// Which migrations a database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Those that were run, the first one first.
    pub applied: Vec<String>,
    /// Those that this version would run, the first one first.
    pub pending: Vec<String>,
}

/// Creates the database in a file, and its folder, or upgrades it to this
/// version of the service. Tells which migrations were run, the first one
/// first; none if there was nothing to do. Any number of processes may do so
/// at once.
///
/// # Errors
/// [`OpenError`]; the tables are as they were then.
pub async fn migrate(path: &Path) -> Result<Vec<String>, OpenError> {
    with_connection(path, create_folder, upgrade).await
}

/// Which migrations a database has and which it lacks. Changes nothing; a file
/// that is missing lacks them all.
///
/// # Errors
/// [`OpenError`].
pub async fn status(path: &Path) -> Result<MigrationStatus, OpenError> {
    if !path.exists() {
        let pending = ours().map_err(|refusal| refusal.about(path))?;
        return Ok(MigrationStatus { applied: Vec::new(), pending });
    }
    with_connection(
        path,
        |_| Ok(()),
        |connection| {
            let applied = examine(connection)?;
            let pending = ours()?.into_iter().filter(|ours| !applied.contains(ours)).collect();
            Ok(MigrationStatus { applied, pending })
        },
    )
    .await
}

/// Reverts the migration that was run last, and what it made is lost. Tells
/// which it was; `None` if there was none.
///
/// # Errors
/// [`OpenError`]; the tables are as they were then.
pub async fn revert(path: &Path) -> Result<Option<String>, OpenError> {
    if !path.exists() {
        return Ok(None);
    }
    with_connection(
        path,
        |_| Ok(()),
        |connection| {
            set_up(connection)?;
            connection.immediate_transaction(|connection| {
                if examine(connection)?.is_empty() {
                    return Ok(None);
                }
                let reverted =
                    connection.revert_last_migration(MIGRATIONS).map_err(Refusal::Other)?;
                Ok(Some(reverted.to_string()))
            })
        },
    )
    .await
}

/// A path that SQLite takes for a path, whatever it begins with.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    path::absolute(path)
        .map_err(|source| OpenError::Failed { path: path.to_owned(), source: source.into() })
}

/// Runs a task on a connection to a file, on a thread that may block.
async fn with_connection<T: Send + 'static>(
    path: &Path,
    prepare: impl FnOnce(&Path) -> Result<(), OpenError> + Send + 'static,
    task: impl FnOnce(&mut SqliteConnection) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, OpenError> {
    let path = absolute(path)?;
    let failed = path.clone();
    let run = move || {
        prepare(&path)?;
        let unwritable = |source: Box<dyn Error + Send + Sync>| OpenError::Unwritable {
            path: path.clone(),
            source,
        };
        let name = path.to_str().ok_or_else(|| unwritable("the path is not UTF-8".into()))?;
        let mut connection =
            SqliteConnection::establish(name).map_err(|error| unwritable(error.into()))?;
        task(&mut connection).map_err(|refusal| refusal.about(&path))
    };
    match tokio::task::spawn_blocking(run).await {
        Ok(done) => done,
        Err(source) => Err(OpenError::Failed { path: failed, source: source.into() }),
    }
}

fn create_folder(path: &Path) -> Result<(), OpenError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    fs::create_dir_all(folder)
        .map_err(|source| OpenError::Folder { path: folder.to_owned(), source })
}

/// Why a database is not upgraded.
enum Refusal {
    Foreign,
    Newer(String),
    Driver(diesel::result::Error),
    Other(Box<dyn Error + Send + Sync>),
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        Self::Driver(error)
    }
}

impl Refusal {
    fn about(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Foreign => OpenError::Foreign { path },
            Self::Newer(migration) => OpenError::Newer { path, migration },
            Self::Driver(error) => match Trouble::of(&error) {
                Trouble::Damaged => OpenError::NotADatabase { path },
                Trouble::ReadOnly | Trouble::Unreachable => {
                    OpenError::Unwritable { path, source: error.into() }
                }
                Trouble::Busy | Trouble::Other => OpenError::Failed { path, source: error.into() },
            },
            Self::Other(source) => OpenError::Failed { path, source },
        }
    }
}

fn upgrade(connection: &mut SqliteConnection) -> Result<Vec<String>, Refusal> {
    set_up(connection)?;
    // All of it in one transaction: other processes wait for its end, and a
    // file that is refused stays as it is.
    let run = connection.immediate_transaction::<_, Refusal, _>(|connection| {
        examine(connection)?;
        let run = connection.run_pending_migrations(MIGRATIONS).map_err(Refusal::Other)?;
        let run = run.iter().map(ToString::to_string).collect();
        write_built_in_metrics(connection)?;
        Ok(run)
    })?;
    write_ahead(connection)?;
    Ok(run)
}

/// Puts the file into the mode in which readers never wait for the writer; the
/// file remembers it. The change needs the file for itself for a moment, and
/// is the one thing for which SQLite does not wait by itself.
fn write_ahead(connection: &mut SqliteConnection) -> QueryResult<()> {
    let begun = Instant::now();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if Trouble::of(&error) == Trouble::Busy && begun.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    number: i32,
}

fn number(connection: &mut SqliteConnection, sql: &str) -> QueryResult<i32> {
    diesel::sql_query(sql).get_result::<Number>(connection).map(|row| row.number)
}

/// Whether somebody else made these tables; an empty file is nobody's.
fn is_foreign(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let id = number(connection, "SELECT application_id AS number FROM pragma_application_id")?;
    let tables = number(connection, "SELECT count(*) AS number FROM sqlite_schema")?;
    Ok(id != APPLICATION_ID && tables > 0)
}

/// The migrations that this version has, the first one first.
fn ours() -> Result<Vec<String>, Refusal> {
    let ours: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().map_err(Refusal::Other)?;
    let mut ours: Vec<_> = ours.iter().map(|ours| ours.name().version().to_string()).collect();
    ours.sort_unstable();
    Ok(ours)
}

/// The migrations that were run on a database, the first one first. Refuses one
/// that is not ours to touch.
fn examine(connection: &mut SqliteConnection) -> Result<Vec<String>, Refusal> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    const TABLE: &str = "SELECT count(*) AS number FROM sqlite_schema \
                         WHERE name = '__diesel_schema_migrations'";
    if is_foreign(connection)? {
        return Err(Refusal::Foreign);
    }
    if number(connection, TABLE)? == 0 {
        return Ok(Vec::new());
    }
    let applied: Vec<Applied> =
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version")
            .load(connection)?;
    let applied: Vec<_> = applied.into_iter().map(|row| row.version).collect();
    let ours = ours()?;
    match applied.iter().find(|version| !ours.contains(version)) {
        Some(unknown) => Err(Refusal::Newer(unknown.clone())),
        None => Ok(applied),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that migrations make, but for diesel's own table.
    fn schema(connection: &mut SqliteConnection) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Made {
            #[diesel(sql_type = Text)]
            sql: String,
        }
        let made: Vec<Made> = diesel::sql_query(
            "SELECT sql FROM sqlite_schema \
             WHERE sql IS NOT NULL AND tbl_name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' ORDER BY sql",
        )
        .load(connection)
        .unwrap();
        made.into_iter().map(|made| made.sql).collect()
    }

    #[test]
    fn every_migration_can_be_reverted_and_run_again() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        set_up(&mut connection).unwrap();
        let migrations: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().unwrap();
        for _ in migrations {
            let before = schema(&mut connection);
            connection.run_next_migration(MIGRATIONS).unwrap();
            let after = schema(&mut connection);
            connection.revert_last_migration(MIGRATIONS).unwrap();
            assert_eq!(schema(&mut connection), before);
            connection.run_next_migration(MIGRATIONS).unwrap();
            assert_eq!(schema(&mut connection), after);
        }
        assert!(!connection.has_pending_migration(MIGRATIONS).unwrap());
        assert_ne!(schema(&mut connection), <[String; 0]>::default());
    }

    #[test]
    fn a_reverted_database_is_still_ours() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.run_pending_migrations(MIGRATIONS).unwrap();
        connection.revert_all_migrations(MIGRATIONS).unwrap();
        assert!(!is_foreign(&mut connection).unwrap());
    }
}
