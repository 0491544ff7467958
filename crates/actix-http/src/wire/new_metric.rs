use benchmark_domain::{MetricName, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::metric::Direction;
use super::schema::{METRIC, VISIBLE};

/// A metric of the operator's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMetric {
    /// How it is to be asked for, in upper or lower case.
    #[schemars(regex = "METRIC")]
    pub name: String,
    /// The unit of its values.
    #[schemars(length(min = 1, max = 20), regex = "VISIBLE")]
    pub unit: String,
    /// Which values are better.
    pub better: Direction,
    /// What exactly is measured, in one sentence.
    #[schemars(length(min = 1, max = 500), regex = "VISIBLE")]
    pub definition: String,
}

impl NewMetric {
    /// The metric as the domain knows it.
    ///
    /// # Errors
    /// [`Refusal`] with the first field that cannot be, and why.
    pub fn into_domain(self) -> Result<benchmark_domain::Metric, Refusal> {
        let Self { name, unit, better, definition } = self;
        let name = MetricName::parse(&name).map_err(|e| Refusal::new("name", e))?;
        let unit = Unit::parse(&unit).map_err(|e| Refusal::new("unit", e))?;
        benchmark_domain::Metric::new(name, unit, better.into(), &definition)
            .map_err(|e| Refusal::new("definition", e))
    }
}
