use std::sync::Arc;

use benchmark_domain::Timestamp;
use benchmark_domain::uuid::Builder;
use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, Clock, Randomness, Scopes, StoreError};

use crate::plain_key::PlainKey;

/// Makes API keys.
pub struct CreateKey {
    keys: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl CreateKey {
    /// Keys go to this store.
    pub fn new(
        keys: Arc<dyn ApiKeyStore>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self { keys, clock, randomness }
    }

    /// Makes a key and stores its hash. The plain key is in the answer and
    /// nowhere else.
    ///
    /// # Errors
    /// [`StoreError`]; there is no key then.
    pub async fn run(
        &self,
        owner: String,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> Result<(ApiKey, PlainKey), StoreError> {
        let plain = PlainKey::generate(&*self.randomness);
        let mut id = [0; 16];
        self.randomness.fill(&mut id);
        let key = ApiKey {
            id: ApiKeyId(Builder::from_random_bytes(id).into_uuid()),
            hash: plain.hash(),
            scopes,
            owner,
            created_at: self.clock.now(),
            expires_at,
            revoked_at: None,
        };
        self.keys.insert(&key).await?;
        Ok((key, plain))
    }

    /// Makes a key with every scope if there is no key at all; `None` if there
    /// is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn first(&self) -> Result<Option<PlainKey>, StoreError> {
        if self.keys.any().await? {
            return Ok(None);
        }
        let (_, plain) = self.run("first key".to_owned(), Scopes::all(), None).await?;
        Ok(Some(plain))
    }
}
