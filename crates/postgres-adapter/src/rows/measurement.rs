use benchmark_domain::uuid::Uuid;
use benchmark_domain::{Measurement, Quantiles, ReportedSummary, Summary, SummaryParts};
use benchmark_ports::StoreError;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Double, Nullable, Text, Uuid as SqlUuid};

use crate::bulk_insert::BulkInsert;
use crate::columns::{count, integer};
use crate::schema::run_metrics;

/// The columns of `run_metrics` that say what was measured. Where there is a
/// sketch, its percentiles and the standard deviation are for SQL consumers:
/// they are written and never read.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = run_metrics)]
pub(crate) struct MeasurementRow {
    pub(crate) count: Option<i64>,
    pub(crate) mean: f64,
    pub(crate) squared_deviations: Option<f64>,
    pub(crate) standard_deviation: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) sketch: Option<Vec<u8>>,
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

/// What a run says about one metric, in its table.
#[derive(Debug)]
pub(crate) struct RunMetricRow {
    pub(crate) run_id: Uuid,
    pub(crate) metric: String,
    pub(crate) measurement: MeasurementRow,
}

impl RunMetricRow {
    /// The insertion of new rows.
    pub(crate) fn insertion(rows: &[Self]) -> BulkInsert<'_, Self> {
        BulkInsert::into("run_metrics", rows)
            .column::<SqlUuid, _>("run_id", |row| row.run_id)
            .column::<Text, _>("metric", |row| row.metric.as_str())
            .column::<Nullable<BigInt>, _>("count", |row| row.measurement.count)
            .column::<Double, _>("mean", |row| row.measurement.mean)
            .column::<Nullable<Double>, _>("squared_deviations", |row| {
                row.measurement.squared_deviations
            })
            .column::<Nullable<Double>, _>("standard_deviation", |row| {
                row.measurement.standard_deviation
            })
            .column::<Nullable<Double>, _>("min", |row| row.measurement.min)
            .column::<Nullable<Double>, _>("max", |row| row.measurement.max)
            .column::<Nullable<Double>, _>("p50", |row| row.measurement.p50)
            .column::<Nullable<Double>, _>("p90", |row| row.measurement.p90)
            .column::<Nullable<Double>, _>("p95", |row| row.measurement.p95)
            .column::<Nullable<Double>, _>("p99", |row| row.measurement.p99)
            .column::<Nullable<Binary>, _>("sketch", |row| row.measurement.sketch.as_deref())
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
