use benchmark_application::PlainKey;
use benchmark_domain::Timestamp;
use benchmark_domain::uuid::Uuid;
use benchmark_ports::Scopes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::timestamp;

/// What a key lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Ask for rankings and the catalogue.
    Read,
    /// Record runs.
    Write,
    /// Manage keys.
    Admin,
}

impl Scope {
    fn all_of(scopes: Scopes) -> Vec<Self> {
        scopes.iter().map(Self::from).collect()
    }
}

impl From<benchmark_ports::Scope> for Scope {
    fn from(scope: benchmark_ports::Scope) -> Self {
        match scope {
            benchmark_ports::Scope::Read => Self::Read,
            benchmark_ports::Scope::Write => Self::Write,
            benchmark_ports::Scope::Admin => Self::Admin,
        }
    }
}

impl From<Scope> for benchmark_ports::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Admin => Self::Admin,
        }
    }
}

/// An API key as far as it may be shown: neither the key nor its hash.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ApiKey {
    /// What it is revoked by.
    #[schemars(with = "Uuid")]
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it was made.
    #[schemars(with = "Timestamp")]
    pub created_at: String,
    /// From when on it is not valid, where that was set.
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<String>,
    /// When it was revoked, where it was.
    #[schemars(with = "Option<Timestamp>")]
    pub revoked_at: Option<String>,
    /// When it was used last, as far as is known: uses are written down once a
    /// minute.
    #[schemars(with = "Option<Timestamp>")]
    pub last_used_at: Option<String>,
}

impl From<&benchmark_ports::ApiKey> for ApiKey {
    fn from(key: &benchmark_ports::ApiKey) -> Self {
        let benchmark_ports::ApiKey {
            id,
            hash: _,
            scopes,
            owner,
            created_at,
            expires_at,
            revoked_at,
            last_used_at,
        } = key;
        Self {
            id: id.0.to_string(),
            owner: owner.clone(),
            scopes: Scope::all_of(*scopes),
            created_at: timestamp(*created_at),
            expires_at: expires_at.map(timestamp),
            revoked_at: revoked_at.map(timestamp),
            last_used_at: last_used_at.map(timestamp),
        }
    }
}

/// A key that was just made.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CreatedKey {
    /// The key itself. It is shown this once: only its hash is stored.
    pub key: String,
    /// What can be seen of it from now on.
    #[serde(flatten)]
    pub shown: ApiKey,
}

impl CreatedKey {
    /// A key and what is stored of it.
    pub fn new(stored: &benchmark_ports::ApiKey, plain: &PlainKey) -> Self {
        Self { key: plain.expose().to_owned(), shown: stored.into() }
    }
}
