use std::error::Error;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a database cannot be used. Every variant says which one.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Its folder is missing and cannot be created.
    #[error("the folder {} cannot be created", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file cannot be created, opened or written.
    #[error("the database {} cannot be opened for writing", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file is something else, or broken.
    #[error("the file {} is not an SQLite database, or it is damaged", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is an SQLite database with tables that are not ours. It was left
    /// alone.
    #[error("the database {} belongs to another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of the service has changed the tables. They were left
    /// alone.
    #[error(
        "the database {} was upgraded by a newer version of this program, which has the migration \
         {migration}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The first migration that this version does not have.
        migration: String,
    },
    /// Anything else: another process holds it, a migration failed.
    #[error("the database {} cannot be opened", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}
