use std::collections::BTreeMap;

use benchmark_domain::{LlmName, Provider, Timestamp, WorkloadSlug};

/// What the person who imports a file says about it. A hint wins over what the
/// file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// Who served the LLM.
    pub provider: Option<Provider>,
    /// The LLM's name.
    pub llm: Option<LlmName>,
    /// The workload's name.
    pub workload: Option<WorkloadSlug>,
    /// When the run took place.
    pub started_at: Option<Timestamp>,
    /// Whatever else tells the workload apart.
    pub labels: BTreeMap<String, String>,
}

/// A hint that a run cannot do without where its file does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// [`Hints::llm`].
    Llm,
    /// [`Hints::started_at`].
    StartedAt,
    /// [`Hints::workload`].
    Workload,
}

impl Hint {
    /// The parameter of the API that gives it.
    pub fn parameter(self) -> &'static str {
        self.flag().trim_start_matches('-')
    }

    /// The flag of the command line that gives it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Llm => "--llm",
            Self::StartedAt => "--at",
            Self::Workload => "--workload",
        }
    }
}
