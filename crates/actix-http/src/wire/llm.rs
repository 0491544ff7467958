use benchmark_domain::uuid::Uuid;
use schemars::JsonSchema;
use serde::Serialize;

/// An LLM: a name and, where known, who serves it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Llm {
    /// Derived from name and provider: the same everywhere and always.
    #[schemars(with = "Uuid")]
    pub id: String,
    /// The model.
    pub llm_name: String,
    /// Who serves it, where known.
    pub provider: Option<String>,
}

impl From<&benchmark_domain::Llm> for Llm {
    fn from(llm: &benchmark_domain::Llm) -> Self {
        let id = llm.id().to_string();
        let benchmark_domain::Llm { name, provider } = llm;
        Self {
            id,
            llm_name: name.to_string(),
            provider: provider.as_ref().map(ToString::to_string),
        }
    }
}
