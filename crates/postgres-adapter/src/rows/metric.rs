use benchmark_domain::{Direction, Metric, MetricName, Unit};
use benchmark_ports::StoreError;
use diesel::prelude::*;

use crate::schema::metrics;

/// A metric in its table.
#[derive(Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = metrics)]
pub(crate) struct MetricRow {
    name: String,
    unit: String,
    direction: String,
    definition: String,
}

impl From<&Metric> for MetricRow {
    fn from(metric: &Metric) -> Self {
        Self {
            name: metric.name.to_string(),
            unit: metric.unit.to_string(),
            direction: metric.direction.as_str().to_owned(),
            definition: metric.definition().to_owned(),
        }
    }
}

impl TryFrom<MetricRow> for Metric {
    type Error = StoreError;

    fn try_from(row: MetricRow) -> Result<Self, StoreError> {
        let name = row.name.clone();
        read(row).ok_or_else(|| StoreError::corrupt(format!("metric {name}")))
    }
}

fn read(row: MetricRow) -> Option<Metric> {
    let MetricRow { name, unit, direction, definition } = row;
    let (name, unit) = (MetricName::parse(&name).ok()?, Unit::parse(&unit).ok()?);
    Metric::new(name, unit, Direction::parse(&direction)?, &definition).ok()
}
