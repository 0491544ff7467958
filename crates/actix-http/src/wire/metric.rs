use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Metric {
    /// How it is asked for.
    pub name: String,
    /// The unit of its values.
    pub unit: String,
    /// Which values are better.
    pub better: Direction,
    /// What exactly is measured, in one sentence.
    pub definition: String,
}

/// Which values of a metric are the better ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A latency, say.
    Lower,
    /// A throughput, say.
    Higher,
}

impl From<benchmark_domain::Direction> for Direction {
    fn from(direction: benchmark_domain::Direction) -> Self {
        match direction {
            benchmark_domain::Direction::LowerIsBetter => Self::Lower,
            benchmark_domain::Direction::HigherIsBetter => Self::Higher,
        }
    }
}

impl From<Direction> for benchmark_domain::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Lower => Self::LowerIsBetter,
            Direction::Higher => Self::HigherIsBetter,
        }
    }
}

impl From<&benchmark_domain::Metric> for Metric {
    fn from(metric: &benchmark_domain::Metric) -> Self {
        Self {
            name: metric.name.to_string(),
            unit: metric.unit.to_string(),
            better: metric.direction.into(),
            definition: metric.definition().to_owned(),
        }
    }
}
