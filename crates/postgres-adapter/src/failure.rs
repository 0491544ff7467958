use benchmark_ports::StoreError;
use diesel::result::{DatabaseErrorKind, Error};

/// Why something on a connection failed: what `?` makes of a driver's error
/// and of a [`StoreError`] alike.
#[derive(Debug)]
pub(crate) enum Failure {
    Store(StoreError),
    Driver(Error),
    /// Another transaction did something else meanwhile with what both record.
    Overtaken,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl Failure {
    /// What it means for whoever called, if the trouble was this.
    pub(crate) fn into_store_error(self, trouble: Trouble) -> StoreError {
        match (self, trouble) {
            (Self::Store(error), _) => error,
            (Self::Overtaken, _) => StoreError::unavailable("another recording was in the way"),
            (
                Self::Driver(error),
                Trouble::Conflict
                | Trouble::Disconnected
                | Trouble::NotWritable
                | Trouble::Overloaded,
            ) => StoreError::unavailable(error),
            (Self::Driver(error), Trouble::Unreadable) => StoreError::corrupt(error.to_string()),
            (Self::Driver(error), Trouble::Unknown | Trouble::Other) => StoreError::failed(error),
        }
    }

    /// What kind of trouble it tells of.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Store(_) => Trouble::Other,
            Self::Overtaken => Trouble::Conflict,
            Self::Driver(error) => Trouble::of(error),
        }
    }
}

/// What an error of PostgreSQL means.
///
/// Diesel hands on the codes of few errors and the words of all. The words are
/// those of a server that speaks English. Where it does not, an error is
/// [`Unknown`](Self::Unknown), and its circumstances tell the rest: whether the
/// connection is still there, and how much time has gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Another transaction was in the way: the same one may pass if it is tried
    /// again.
    Conflict,
    /// There is no connection any more.
    Disconnected,
    /// The server is a standby, or has become one.
    NotWritable,
    /// The server took too long, or is out of something.
    Overloaded,
    /// What was read is not what was written.
    Unreadable,
    /// Something of which there are only words.
    Unknown,
    /// Anything else.
    Other,
}

impl Trouble {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::DatabaseError(kind, words) => match kind {
                DatabaseErrorKind::SerializationFailure => Self::Conflict,
                DatabaseErrorKind::ReadOnlyTransaction => Self::NotWritable,
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    Self::Disconnected
                }
                DatabaseErrorKind::Unknown => Self::in_words(words.message()),
                _ => Self::Other,
            },
            Error::BrokenTransactionManager => Self::Disconnected,
            Error::DeserializationError(_) => Self::Unreadable,
            _ => Self::Other,
        }
    }

    fn in_words(words: &str) -> Self {
        const OVERLOADED: [&str; 8] = [
            "canceling statement due to",
            "out of memory",
            "out of shared memory",
            "could not extend file",
            "could not write",
            "could not resize shared memory",
            "sorry, too many clients",
            "query_wait_timeout",
        ];
        const DISCONNECTED: [&str; 5] = [
            "terminating connection due to",
            "the database system is",
            "server conn crashed",
            "server closed the connection",
            "pgbouncer",
        ];
        let is_any = |known: &[&str]| known.iter().any(|beginning| words.starts_with(beginning));
        match words {
            "deadlock detected" => Self::Conflict,
            _ if is_any(&OVERLOADED) => Self::Overloaded,
            _ if is_any(&DISCONNECTED) => Self::Disconnected,
            _ => Self::Unknown,
        }
    }
}
