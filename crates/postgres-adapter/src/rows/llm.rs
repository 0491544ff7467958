use benchmark_domain::uuid::Uuid;
use benchmark_domain::{Llm, LlmName, Provider};
use benchmark_ports::StoreError;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};

use crate::bulk_insert::BulkInsert;
use crate::schema::llms;

/// An LLM in its table.
#[derive(Debug, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = llms)]
pub(crate) struct LlmRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) provider: Option<String>,
}

impl From<&Llm> for LlmRow {
    fn from(llm: &Llm) -> Self {
        let Llm { name, provider } = llm;
        Self {
            id: llm.id().0,
            name: name.to_string(),
            provider: provider.as_ref().map(Provider::to_string),
        }
    }
}

impl LlmRow {
    /// The insertion of those that are not there.
    pub(crate) fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("llms", rows)
            .column::<SqlUuid, _>("id", |row| row.id)
            .column::<Text, _>("name", |row| row.name.as_str())
            .column::<Nullable<Text>, _>("provider", |row| row.provider.as_deref())
            .ending("ON CONFLICT DO NOTHING")
    }
}

impl TryFrom<LlmRow> for Llm {
    type Error = StoreError;

    fn try_from(row: LlmRow) -> Result<Self, StoreError> {
        let LlmRow { id, name, provider } = row;
        llm(&name, provider.as_deref())
            .filter(|llm| llm.id().0 == id)
            .ok_or_else(|| StoreError::corrupt(format!("LLM {id}")))
    }
}

/// The LLM of a name and a provider as they stand in columns.
pub(crate) fn llm(name: &str, provider: Option<&str>) -> Option<Llm> {
    let provider = provider.map(Provider::parse).transpose().ok()?;
    Some(Llm { name: LlmName::parse(name).ok()?, provider })
}
