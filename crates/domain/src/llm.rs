use std::fmt;

use uuid::Uuid;

use crate::identity::{Fingerprint, uuid_of};
use crate::name::{InvalidName, free_text};

/// The name of an LLM as its provider writes it: 1 to 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LlmName(String);

impl LlmName {
    /// Parses a name; surrounding white space is dropped.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, longer than 200 characters or has a
    /// control character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        free_text("an LLM's name", text, 200).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LlmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who serves an LLM: 1 to 100 characters, matched as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Provider(String);

impl Provider {
    /// Parses a provider's name; surrounding white space is dropped.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, longer than 100 characters or has a
    /// control character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        free_text("a provider", text, 100).map(Self)
    }

    /// The provider's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is ranked. Name and provider together are its identity: the same model
/// at two providers is two LLMs. The order is by name, then by provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Llm {
    /// The model.
    pub name: LlmName,
    /// Who serves it, where known.
    pub provider: Option<Provider>,
}

impl Llm {
    /// The id that this name and provider have everywhere and always.
    pub fn id(&self) -> LlmId {
        let mut fingerprint = Fingerprint::default();
        fingerprint
            .text(self.name.as_str())
            .optional_text(self.provider.as_ref().map(Provider::as_str));
        LlmId(uuid_of(&fingerprint.finish()))
    }
}

impl fmt::Display for Llm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.provider {
            Some(provider) => write!(f, "{} ({provider})", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// Identifies an LLM; derived from its name and provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LlmId(pub Uuid);

impl fmt::Display for LlmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_model_at_two_providers_is_two_llms() {
        let name = LlmName::parse("llama2-70b").unwrap();
        let nowhere = Llm { name: name.clone(), provider: None };
        let groq = Llm { name, provider: Some(Provider::parse("groq").unwrap()) };
        assert_ne!(nowhere.id(), groq.id());
    }

    #[test]
    fn names_are_trimmed_bounded_and_free_of_control_characters() {
        assert_eq!(LlmName::parse("  Llama 3.1 405 ").unwrap().as_str(), "Llama 3.1 405");
        assert!(LlmName::parse(" \t").is_err());
        assert!(LlmName::parse("a\u{0}b").is_err());
        assert!(LlmName::parse(&"é".repeat(200)).is_ok());
        assert!(LlmName::parse(&"é".repeat(201)).is_err());
    }
}
