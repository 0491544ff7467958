use benchmark_domain::{Llm, LlmName, Provider};
use benchmark_ports::StoreError;
use diesel::prelude::*;

use crate::schema::llms;

/// An LLM in its table.
#[derive(Debug, Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = llms, treat_none_as_default_value = false)]
pub(crate) struct LlmRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provider: Option<String>,
}

impl From<&Llm> for LlmRow {
    fn from(llm: &Llm) -> Self {
        let Llm { name, provider } = llm;
        Self {
            id: llm.id().to_string(),
            name: name.to_string(),
            provider: provider.as_ref().map(Provider::to_string),
        }
    }
}

impl TryFrom<LlmRow> for Llm {
    type Error = StoreError;

    fn try_from(row: LlmRow) -> Result<Self, StoreError> {
        let LlmRow { id, name, provider } = row;
        llm(&name, provider.as_deref())
            .filter(|llm| llm.id().to_string() == id)
            .ok_or_else(|| StoreError::corrupt(format!("LLM {id}")))
    }
}

/// The LLM of a name and a provider as they stand in columns.
pub(crate) fn llm(name: &str, provider: Option<&str>) -> Option<Llm> {
    let provider = provider.map(Provider::parse).transpose().ok()?;
    Some(Llm { name: LlmName::parse(name).ok()?, provider })
}
