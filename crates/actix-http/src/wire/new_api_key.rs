use benchmark_domain::Timestamp;
use benchmark_ports::Scopes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api_key::Scope;
use super::schema::VISIBLE;
use super::{Refusal, moment};

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// Whose it is to be.
    #[schemars(length(min = 1, max = 100), regex = "VISIBLE")]
    pub owner: String,
    /// What it is to allow.
    #[schemars(length(min = 1))]
    pub scopes: Vec<Scope>,
    /// From when on it is not valid any more, in RFC 3339; never where it is
    /// left out.
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<String>,
}

impl NewApiKey {
    /// What the key allows.
    pub fn scopes(&self) -> Scopes {
        self.scopes.iter().copied().map(Into::into).collect()
    }

    /// From when on the key is not valid any more.
    ///
    /// # Errors
    /// [`Refusal`] where the text is no moment.
    pub fn expires_at(&self) -> Result<Option<Timestamp>, Refusal> {
        let moment = self.expires_at.as_deref().map(moment).transpose();
        moment.map_err(|reason| Refusal::new("expires_at", reason))
    }
}
