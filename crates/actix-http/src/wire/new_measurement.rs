use benchmark_domain::{Measurement, Quantiles, ReportedSummary, Requests, Summary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Refusal;

/// What a run to be recorded says about a metric, in the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "AnyFigures")]
#[serde(untagged)]
pub enum NewMeasurement {
    /// Every sample: the best there is.
    Samples(NewSamples),
    /// A tool's own figures, where it kept no samples. They are shown as they
    /// are and never merged into percentiles.
    Figures(NewFigures),
}

/// Every sample of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSamples {
    /// One value per request, in the metric's unit.
    #[schemars(length(min = 1), inner(range(min = 0, max = 1e12)))]
    pub samples: Vec<f64>,
}

/// The figures of a tool that kept no samples, in the metric's unit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFigures {
    /// The mean.
    #[schemars(range(min = 0, max = 1e12))]
    pub mean: f64,
    /// How many samples it is the mean of.
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
    /// Their sample standard deviation.
    #[schemars(range(min = 0, max = 1e12))]
    pub standard_deviation: Option<f64>,
    /// The smallest one.
    #[schemars(range(min = 0, max = 1e12))]
    pub min: Option<f64>,
    /// The largest one.
    #[schemars(range(min = 0, max = 1e12))]
    pub max: Option<f64>,
    /// Their median.
    #[schemars(range(min = 0, max = 1e12))]
    pub p50: Option<f64>,
    /// Their 90th percentile.
    #[schemars(range(min = 0, max = 1e12))]
    pub p90: Option<f64>,
    /// Their 95th percentile.
    #[schemars(range(min = 0, max = 1e12))]
    pub p95: Option<f64>,
    /// Their 99th percentile.
    #[schemars(range(min = 0, max = 1e12))]
    pub p99: Option<f64>,
}

/// What either kind may have. Read as one struct, because serde's untagged
/// enums do not tell which field was wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyFigures {
    samples: Option<Vec<f64>>,
    mean: Option<f64>,
    count: Option<u64>,
    standard_deviation: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

impl TryFrom<AnyFigures> for NewMeasurement {
    type Error = &'static str;

    fn try_from(figures: AnyFigures) -> Result<Self, &'static str> {
        let AnyFigures { samples, mean, count, standard_deviation, min, max, p50, p90, p95, p99 } =
            figures;
        let others = [standard_deviation, min, max, p50, p90, p95, p99];
        match (samples, mean) {
            (None, None) => Err("either `samples` or `mean` is needed"),
            (Some(samples), None) if count.is_none() && others == [None; 7] => {
                Ok(Self::Samples(NewSamples { samples }))
            }
            (Some(_), _) => Err("`samples` stand alone: all other figures follow from them"),
            (None, Some(mean)) => {
                let figures =
                    NewFigures { mean, count, standard_deviation, min, max, p50, p90, p95, p99 };
                Ok(Self::Figures(figures))
            }
        }
    }
}

impl NewMeasurement {
    /// The measurement as the domain knows it; a refusal names the field below
    /// this measurement.
    pub(super) fn into_domain(self) -> Result<Measurement, Refusal> {
        match self {
            Self::Samples(NewSamples { samples }) => {
                let mut summary = Summary::default();
                for (at, sample) in samples.into_iter().enumerate() {
                    summary
                        .add(sample)
                        .map_err(|reason| Refusal::new(format!("samples[{at}]"), reason))?;
                }
                Measurement::sampled(summary).map_err(|reason| Refusal::new("samples", reason))
            }
            Self::Figures(figures) => {
                let NewFigures { mean, count, standard_deviation, min, max, p50, p90, p95, p99 } =
                    figures;
                if count.is_some_and(|count| count > Requests::MAX) {
                    return Err(Refusal::new("count", format!("is above {}", Requests::MAX)));
                }
                let quantiles = Quantiles { p50, p90, p95, p99 };
                Measurement::reported(ReportedSummary {
                    mean,
                    count,
                    standard_deviation,
                    min,
                    max,
                    quantiles,
                })
                .map_err(|reason| Refusal::new("", reason))
            }
        }
    }
}
