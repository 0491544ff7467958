use benchmark_domain::{Measurement, Quantiles, ReportedSummary, Summary, SummaryParts};
use benchmark_ports::StoreError;
use diesel::prelude::*;

use crate::columns::{count, integer};
use crate::schema::run_metrics;

/// The columns of `run_metrics` that say what was measured. Where there is a
/// sketch, its percentiles and the standard deviation are for SQL consumers:
/// they are written and never read.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = run_metrics, treat_none_as_default_value = false)]
pub(crate) struct MeasurementRow {
    count: Option<i64>,
    mean: f64,
    squared_deviations: Option<f64>,
    standard_deviation: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    sketch: Option<Vec<u8>>,
}

impl TryFrom<&Measurement> for MeasurementRow {
    type Error = StoreError;

    fn try_from(measurement: &Measurement) -> Result<Self, StoreError> {
        let Quantiles { p50, p90, p95, p99 } = measurement.quantiles();
        Ok(match measurement {
            Measurement::Sampled(summary) => {
                let SummaryParts { count, mean, squared_deviations, min, max, sketch } =
                    summary.to_parts();
                Self {
                    count: Some(integer(count)?),
                    mean,
                    squared_deviations: Some(squared_deviations),
                    standard_deviation: summary.standard_deviation(),
                    min: Some(min),
                    max: Some(max),
                    p50,
                    p90,
                    p95,
                    p99,
                    sketch: Some(sketch),
                }
            }
            Measurement::Reported(figures) => {
                let ReportedSummary { mean, count, standard_deviation, min, max, quantiles: _ } =
                    *figures;
                Self {
                    count: count.map(integer).transpose()?,
                    mean,
                    squared_deviations: None,
                    standard_deviation,
                    min,
                    max,
                    p50,
                    p90,
                    p95,
                    p99,
                    sketch: None,
                }
            }
        })
    }
}

impl MeasurementRow {
    /// The measurement; `None` if the columns do not make one.
    pub(crate) fn read(self) -> Option<Measurement> {
        let Self {
            count: samples,
            mean,
            squared_deviations,
            standard_deviation,
            min,
            max,
            p50,
            p90,
            p95,
            p99,
            sketch,
        } = self;
        let Some(sketch) = sketch else {
            let figures = ReportedSummary {
                mean,
                count: match samples {
                    Some(samples) => Some(count(samples)?),
                    None => None,
                },
                standard_deviation,
                min,
                max,
                quantiles: Quantiles { p50, p90, p95, p99 },
            };
            return Measurement::reported(figures).ok();
        };
        let parts = SummaryParts {
            count: count(samples?)?,
            mean,
            squared_deviations: squared_deviations?,
            min: min?,
            max: max?,
            sketch,
        };
        Measurement::sampled(Summary::from_parts(&parts).ok()?).ok()
    }
}
