use std::fmt;

use uuid::Uuid;

use crate::llm::{Llm, LlmId, LlmName, Provider};
use crate::name::{InvalidName, free_text};

/// How somebody speaks of an LLM: by its id, by its name, or by
/// `provider/name`. Which LLM that is, if any, is for a catalogue to tell: names
/// have slashes too, and several providers may serve one name.
///
/// ```
/// # use benchmark_domain::LlmReference;
/// let reference = LlmReference::parse("groq/llama2-70b-4096")?;
/// let llm = reference.at_provider().unwrap();
/// assert_eq!(llm.to_string(), "llama2-70b-4096 (groq)");
/// # Ok::<(), benchmark_domain::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmReference(String);

impl LlmReference {
    /// A provider, a slash and a name.
    const MAX_CHARS: usize = 100 + 1 + 200;

    /// Parses a reference; surrounding white space is dropped.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, longer than any provider and name, or has
    /// a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        free_text("an LLM", text, Self::MAX_CHARS).map(Self)
    }

    /// The id that is meant, if it is one.
    pub fn id(&self) -> Option<LlmId> {
        Uuid::try_parse(&self.0).ok().map(LlmId)
    }

    /// The name that is meant, if it is one.
    pub fn name(&self) -> Option<LlmName> {
        LlmName::parse(&self.0).ok()
    }

    /// The LLM that is meant, if the provider stands before the first slash.
    pub fn at_provider(&self) -> Option<Llm> {
        let (provider, name) = self.0.split_once('/')?;
        let provider = Some(Provider::parse(provider).ok()?);
        Some(Llm { name: LlmName::parse(name).ok()?, provider })
    }
}

impl fmt::Display for LlmReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_ends_at_the_first_slash() {
        let llm = LlmReference::parse("together/meta/llama").unwrap().at_provider().unwrap();
        assert_eq!(llm.provider.unwrap().as_str(), "together");
        assert_eq!(llm.name.as_str(), "meta/llama");
        for text in ["llama", "/llama", "together/"] {
            assert_eq!(LlmReference::parse(text).unwrap().at_provider(), None, "{text}");
        }
    }

    #[test]
    fn an_id_may_be_a_name_too() {
        let reference = LlmReference::parse("6d1f0e0c-4f0e-8c5a-9a53-0b7c0f6f2f10").unwrap();
        assert!(reference.id().is_some() && reference.name().is_some());
        assert_eq!(LlmReference::parse("llama").unwrap().id(), None);
    }

    #[test]
    fn what_is_longer_than_a_name_is_none() {
        let text = format!("{}/{}", "p".repeat(100), "n".repeat(200));
        let reference = LlmReference::parse(&text).unwrap();
        assert!(reference.at_provider().is_some());
        assert_eq!(reference.name(), None);
        assert!(LlmReference::parse(&format!("{text}n")).is_err());
    }
}
