use std::error::Error;
use std::sync::Arc;

use thiserror::Error;

/// Why a store, or whatever else is behind a port, did not do what it was asked.
/// What a caller can do about it differs by variant; the driver's own words are in
/// the source, for logs.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// The store, or the cache that all processes share, cannot be reached or is
    /// overloaded. The same call may succeed later.
    #[error("a dependency is unavailable")]
    Unavailable {
        /// What the driver said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// What was read is nothing that this version of the service wrote.
    #[error("the store holds something unreadable: {what}")]
    Corrupt {
        /// Which thing.
        what: String,
    },
    /// The store refused for a reason that trying again will not change.
    #[error("the store failed")]
    Failed {
        /// What the driver said.
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    /// [`StoreError::Unavailable`] because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: Arc::from(source.into()) }
    }

    /// [`StoreError::Failed`] because of `source`.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed { source: Arc::from(source.into()) }
    }

    /// [`StoreError::Corrupt`]: `what` is unreadable.
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}
