use benchmark_domain::Timestamp;
use benchmark_domain::chrono::{DateTime, Utc};
use benchmark_ports::Scopes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::api_key::Scope;
use super::schema::VISIBLE;

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
        let moment = |text: &String| match DateTime::parse_from_rfc3339(text) {
            Ok(moment) => Ok(moment.with_timezone(&Utc)),
            Err(_) => Err(Refusal::new("expires_at", "is not a moment in RFC 3339")),
        };
        self.expires_at.as_ref().map(moment).transpose()
    }
}
