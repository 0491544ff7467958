use std::sync::Arc;

use benchmark_domain::{Llm, LlmReference};
use benchmark_ports::{Catalogue, PageLimit, StoreError};
use thiserror::Error;

/// Why it is not known which LLM is meant.
#[derive(Debug, Error)]
pub enum FindLlmError {
    /// None is.
    #[error("there is no LLM {reference}; {}", suggestion(similar))]
    Unknown {
        /// How it was spoken of.
        reference: LlmReference,
        /// Which may have been meant.
        similar: Vec<Llm>,
    },
    /// Several are.
    #[error(
        "{reference} may be any of {}; name one as provider/name, or by its id",
        listed(candidates)
    )]
    Ambiguous {
        /// How it was spoken of.
        reference: LlmReference,
        /// Which may be meant.
        candidates: Vec<Llm>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many LLMs a message names.
const SHOWN: usize = 10;

fn suggestion(similar: &[Llm]) -> String {
    match similar {
        [] => "no LLM was measured yet".to_owned(),
        similar => format!("there are {}", listed(similar)),
    }
}

fn listed(llms: &[Llm]) -> String {
    let listed = |llm: &Llm| match &llm.provider {
        Some(provider) => format!("{provider}/{} ({})", llm.name, llm.id()),
        None => format!("{} ({})", llm.name, llm.id()),
    };
    let more = if llms.len() > SHOWN { " and others" } else { "" };
    llms.iter().take(SHOWN).map(listed).collect::<Vec<_>>().join(", ") + more
}

/// Tells which LLM is meant by how somebody speaks of it.
pub(crate) struct FindLlm {
    catalogue: Arc<dyn Catalogue>,
}

impl FindLlm {
    /// Looks in `catalogue`.
    pub(crate) fn new(catalogue: Arc<dyn Catalogue>) -> Self {
        Self { catalogue }
    }

    /// The one LLM whose id, whose name, or whose provider and name it is.
    ///
    /// # Errors
    /// [`FindLlmError`].
    pub(crate) async fn run(&self, reference: &LlmReference) -> Result<Llm, FindLlmError> {
        let mut candidates = Vec::new();
        let at_provider = reference.at_provider().map(|llm| llm.id());
        for id in reference.id().into_iter().chain(at_provider) {
            candidates.extend(self.catalogue.llm(id).await?);
        }
        if let Some(name) = reference.name() {
            candidates.extend(self.catalogue.llms_named(&name, PageLimit::default()).await?);
        }
        candidates.sort_unstable();
        candidates.dedup();
        match candidates.len() {
            1 => Ok(candidates.remove(0)),
            0 => Err(FindLlmError::Unknown {
                reference: reference.clone(),
                similar: self.similar(reference).await?,
            }),
            _ => Err(FindLlmError::Ambiguous { reference: reference.clone(), candidates }),
        }
    }

    /// Some LLMs in whose name or provider the text occurs, whatever its case;
    /// where it does in none, some of all.
    async fn similar(&self, reference: &LlmReference) -> Result<Vec<Llm>, StoreError> {
        let page = PageLimit::new(PageLimit::MAX.into()).unwrap_or_default();
        let mut llms = self.catalogue.llms(None, page).await?.unwrap_or_default();
        let text = reference.to_string().to_lowercase();
        let is_similar = |llm: &Llm| llm.to_string().to_lowercase().contains(&text);
        if llms.iter().any(is_similar) {
            llms.retain(is_similar);
        }
        // One more, to tell that there are.
        llms.truncate(SHOWN + 1);
        Ok(llms)
    }
}
