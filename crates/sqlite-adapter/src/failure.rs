use benchmark_ports::StoreError;
use diesel::result::{DatabaseErrorKind, Error};

/// Why something on a connection failed: what `?` makes of a driver's error
/// and of a [`StoreError`] alike.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StoreError);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(match Trouble::of(&error) {
            Trouble::Busy | Trouble::Unreachable => StoreError::unavailable(error),
            Trouble::Damaged => StoreError::corrupt(error.to_string()),
            Trouble::ReadOnly | Trouble::Other => StoreError::failed(error),
        })
    }
}

/// What an error of SQLite means. Diesel hands on its words, not its codes;
/// the words are part of SQLite's interface (`sqlite3_errstr`) and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Another connection holds the lock for longer than we wait.
    Busy,
    /// The file or its disk do not serve us now.
    Unreachable,
    /// The file may not be written.
    ReadOnly,
    /// What was read is no database, or a damaged one.
    Damaged,
    /// Anything else.
    Other,
}

impl Trouble {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::DatabaseError(DatabaseErrorKind::Unknown, words) => {
                Self::in_words(words.message())
            }
            Error::DeserializationError(_) => Self::Damaged,
            _ => Self::Other,
        }
    }

    fn in_words(words: &str) -> Self {
        match words {
            "file is not a database" | "database disk image is malformed" => Self::Damaged,
            "attempt to write a readonly database" => Self::ReadOnly,
            "unable to open database file" | "disk I/O error" | "database or disk is full" => {
                Self::Unreachable
            }
            _ if words.ends_with("is locked") || words == "locking protocol" => Self::Busy,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;

    use super::*;

    fn failure_of(connection: &mut SqliteConnection, sql: &str) -> StoreError {
        Failure::from(connection.batch_execute(sql).unwrap_err()).0
    }

    #[test]
    fn a_lock_that_somebody_holds_is_a_matter_of_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locked.db");
        let connect = || SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let (mut holder, mut waiting) = (connect(), connect());
        holder.batch_execute("BEGIN EXCLUSIVE").unwrap();
        let error = failure_of(&mut waiting, "BEGIN IMMEDIATE");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }

    #[test]
    fn a_full_disk_is_a_matter_of_time() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.batch_execute("PRAGMA max_page_count = 1").unwrap();
        let error = failure_of(&mut connection, "CREATE TABLE a (b); CREATE TABLE c (d)");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }

    #[test]
    fn a_broken_constraint_stays_broken() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.batch_execute("CREATE TABLE a (b UNIQUE); INSERT INTO a VALUES (1)").unwrap();
        let error = failure_of(&mut connection, "INSERT INTO a VALUES (1)");
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    }
}
