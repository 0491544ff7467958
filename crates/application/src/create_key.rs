use std::sync::Arc;

use benchmark_domain::Timestamp;
use benchmark_domain::chrono::{Datelike, SubsecRound};
use benchmark_domain::uuid::{Builder, Uuid};
use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, Clock, Randomness, Scopes, StoreError};
use thiserror::Error;

use crate::plain_key::PlainKey;

/// Why there is no new key.
#[derive(Debug, Error)]
pub enum CreateKeyError {
    /// Who is to have it is not named properly.
    #[error(
        "must have 1 to {} characters, none of them a control character",
        CreateKey::MAX_OWNER_CHARS
    )]
    Owner,
    /// It would allow nothing.
    #[error("at least one scope is needed")]
    NoScope,
    /// It would never be valid, or for longer than dates are written (RFC 3339
    /// has years of four digits).
    #[error("must lie in the future, and before the year 10000")]
    Expired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes API keys.
pub struct CreateKey {
    keys: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl CreateKey {
    /// How many characters an owner may have.
    pub const MAX_OWNER_CHARS: usize = 100;

    /// The id of every store's first key: of processes that start together on
    /// an empty store, the others find it taken.
    const FIRST: Uuid = Uuid::from_u128(0x8000_8000_0000_0000_0001);

    /// Keys go to this store.
    pub fn new(
        keys: Arc<dyn ApiKeyStore>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self { keys, clock, randomness }
    }

    /// Makes a key and stores its hash. The plain key is in the answer and
    /// nowhere else. The owner is trimmed, the expiry kept to the microsecond.
    ///
    /// # Errors
    /// [`CreateKeyError`]; there is no key then.
    pub async fn run(
        &self,
        owner: &str,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> Result<(ApiKey, PlainKey), CreateKeyError> {
        let owner = owner.trim();
        let length = owner.chars().count();
        if !(1..=Self::MAX_OWNER_CHARS).contains(&length) || owner.contains(char::is_control) {
            return Err(CreateKeyError::Owner);
        }
        if scopes == Scopes::default() {
            return Err(CreateKeyError::NoScope);
        }
        let now = self.clock.now();
        let expires_at = expires_at.map(|at| at.trunc_subsecs(6));
        if expires_at.is_some_and(|at| at <= now || at.year() > 9999) {
            return Err(CreateKeyError::Expired);
        }
        let mut id = [0; 16];
        self.randomness.fill(&mut id);
        let id = Builder::from_random_bytes(id).into_uuid();
        match self.store(id, owner, scopes, now, expires_at).await? {
            Some(made) => Ok(made),
            None => Err(StoreError::failed("the new key's id or hash is taken").into()),
        }
    }

    /// Makes a key with every scope if there is no key at all; `None` if there
    /// is one. Of several processes that ask at once, one gets a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn first(&self) -> Result<Option<PlainKey>, StoreError> {
        if self.keys.any().await? {
            return Ok(None);
        }
        let now = self.clock.now();
        let made = self.store(Self::FIRST, "first key", Scopes::all(), now, None).await?;
        Ok(made.map(|(_, plain)| plain))
    }

    /// `None` if the id is taken.
    async fn store(
        &self,
        id: Uuid,
        owner: &str,
        scopes: Scopes,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<Option<(ApiKey, PlainKey)>, StoreError> {
        let plain = PlainKey::generate(&*self.randomness);
        let key = ApiKey {
            id: ApiKeyId(id),
            hash: plain.hash(),
            scopes,
            owner: owner.to_owned(),
            created_at,
            expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        Ok(self.keys.insert(&key).await?.then_some((key, plain)))
    }
}
