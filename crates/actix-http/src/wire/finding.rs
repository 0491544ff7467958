use schemars::JsonSchema;
use serde::Serialize;

use super::schema::{FindingName, SeverityName};

/// One thing to be said against a run's figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Finding {
    /// What kind of thing.
    #[schemars(with = "FindingName")]
    pub code: String,
    /// `notice`: a reader should know. `unrankable`: the run is not ranked.
    #[schemars(with = "SeverityName")]
    pub severity: String,
    /// What was found, in one sentence.
    pub message: String,
}

impl From<&benchmark_domain::Finding> for Finding {
    fn from(finding: &benchmark_domain::Finding) -> Self {
        let benchmark_domain::Finding { code, severity, message } = finding;
        Self {
            code: code.as_str().to_owned(),
            severity: severity.as_str().to_owned(),
            message: message.clone(),
        }
    }
}
