use std::sync::Arc;

use benchmark_ports::{ApiKeyId, ApiKeyStore, Clock, Scopes, StoreError};
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

    /// Who presents this key.
    ///
    /// # Errors
    /// [`AuthenticateError`].
    pub async fn run(&self, presented: &str) -> Result<Principal, AuthenticateError> {
        // The comparison takes the same time wherever two keys differ.
        let is_presented =
            |key: &SecretString| key.expose_secret().as_bytes().ct_eq(presented.as_bytes()).into();
        if self.bootstrap.as_ref().is_some_and(is_presented) {
            return Ok(Principal { key: None, scopes: Scopes::all() });
        }
        let plain = PlainKey::parse(presented).ok_or(AuthenticateError::NotValid)?;
        let now = self.clock.now();
        let valid = self.keys.find(&plain.hash()).await?.filter(|key| {
            key.revoked_at.is_none_or(|at| now < at) && key.expires_at.is_none_or(|at| now < at)
        });
        match valid {
            Some(key) => Ok(Principal { key: Some(key.id), scopes: key.scopes }),
            None => Err(AuthenticateError::NotValid),
        }
    }
}
