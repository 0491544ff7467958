use async_trait::async_trait;
use benchmark_domain::{Timestamp, uuid::Uuid};

use crate::{PageLimit, StoreError};

/// What a key lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Ask for rankings and the catalogue.
    Read,
    /// Record runs.
    Write,
    /// Manage keys and metrics.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// `read`, `write` or `admin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether a scope is in the set.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes of the set.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// SHA-256 of a plain key. The plain key itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// Identifies a key; safe to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKeyId(pub Uuid);

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is found by.
    pub hash: KeyHash,
    /// What it allows.
    pub scopes: Scopes,
    /// Whose it is, for people.
    pub owner: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not valid.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, as far as was [noted](ApiKeyStore::note_use).
    pub last_used_at: Option<Timestamp>,
}

/// Keeps API keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Stores a key, durably, unless its id or hash is taken; gives whether it
    /// is stored. Of two with the same id or hash, one is, also at the same time.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn insert(&self, key: &ApiKey) -> Result<bool, StoreError>;

    /// The key of this hash, expired and revoked ones too; `None` if there is
    /// none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError>;

    /// Whether there is any key.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn any(&self) -> Result<bool, StoreError>;

    /// Keys, the one made last first, beginning behind the key `after`; of two
    /// made together, the one of the greater id comes first. `None` if `after`
    /// names no key.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError>;

    /// Revokes a key from `at` on, durably, and gives it as it is then. One that
    /// is revoked already keeps the earlier moment of the two. `None` if there
    /// is no such key.
    ///
    /// # Errors
    /// [`StoreError`]; the key is as it was then.
    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<Option<ApiKey>, StoreError>;

    /// Notes that a key was used, unless a later use is noted already. An
    /// unknown key is passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn note_use(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError>;
}
