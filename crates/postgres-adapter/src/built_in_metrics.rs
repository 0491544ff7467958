//! The metrics that this version has built in, as they are written whenever a
//! database is migrated.

use benchmark_domain::metrics as built_in;
use diesel::pg::Pg;
use diesel::prelude::*;

use crate::rows::MetricRow;
use crate::schema::metrics;

/// Those that a database does not have exactly so.
pub(crate) fn lacking_metrics<C>(connection: &mut C) -> QueryResult<Vec<MetricRow>>
where
    C: diesel::connection::LoadConnection<Backend = Pg>,
{
    let known = metrics::table.select(MetricRow::as_select()).load(connection)?;
    let rows = built_in::BUILT_IN.each_ref().map(MetricRow::from);
    Ok(rows.into_iter().filter(|row| !known.contains(row)).collect())
}

/// Writes metrics over those that have their names.
pub(crate) fn write_metrics<C>(connection: &mut C, rows: &[MetricRow]) -> QueryResult<()>
where
    C: Connection<Backend = Pg>,
{
    for row in rows {
        diesel::insert_into(metrics::table)
            .values(row)
            .on_conflict(metrics::name)
            .do_update()
            .set(row)
            .execute(connection)?;
    }
    Ok(())
}
