use std::fmt;
use std::sync::Arc;

use benchmark_ports::{ApiKeyId, ApiKeyStore, Clock, Scopes, StoreError, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::plain_key::PlainKey;

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The key that was presented; `None` for the bootstrap key.
    pub key: Option<ApiKeyId>,
    /// What it allows.
    pub scopes: Scopes,
}

impl fmt::Display for Principal {
    /// The id of the key, which is no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            Some(ApiKeyId(id)) => id.fmt(f),
            None => f.write_str("bootstrap"),
        }
    }
}

/// Why nobody is let in.
#[derive(Debug, Error)]
pub enum AuthenticateError {
    /// The key is unknown, mistyped, expired or revoked.
    #[error("the API key is not valid")]
    NotValid,
    /// The store did not tell.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells who presents a key.
pub struct Authenticate {
    bootstrap: Option<SecretString>,
    keys: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
}

impl Authenticate {
    /// `bootstrap` is a key from the configuration, with every scope.
    pub fn new(
        bootstrap: Option<SecretString>,
        keys: Arc<dyn ApiKeyStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { bootstrap, keys, clock }
    }

    /// Who presents this key, where that is known at once: the bootstrap key's
    /// holder. Anybody else has to be [looked up](Self::run).
    pub fn peek(&self, presented: &str) -> Option<Principal> {
        // The comparison takes the same time wherever two keys differ.
        let is_presented =
            |key: &SecretString| key.expose_secret().as_bytes().ct_eq(presented.as_bytes()).into();
        let known = self.bootstrap.as_ref().is_some_and(is_presented);
        known.then(|| Principal { key: None, scopes: Scopes::all() })
    }

    /// Who presents this key.
    ///
    /// # Errors
    /// [`AuthenticateError`].
    pub async fn run(&self, presented: &str) -> Result<Principal, AuthenticateError> {
        if let Some(principal) = self.peek(presented) {
            return Ok(principal);
        }
        let plain = PlainKey::parse(presented).ok_or(AuthenticateError::NotValid)?;
        let now = self.clock.now();
        // A revocation holds whatever a clock says that may differ from the one it was
        // written by.
        let valid = self
            .keys
            .find(&plain.hash())
            .await?
            .filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|at| now < at));
        match valid {
            Some(key) => {
                self.note_use(key.id, now).await;
                Ok(Principal { key: Some(key.id), scopes: key.scopes })
            }
            None => Err(AuthenticateError::NotValid),
        }
    }

    /// When a key was used last is for people to look at: failing to note it
    /// keeps nobody out.
    async fn note_use(&self, key: ApiKeyId, at: Timestamp) {
        if let Err(error) = self.keys.note_use(key, at).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, key = %key.0, "the use of a key was not noted");
        }
    }
}
