//! The shapes of what the API shows and takes, in JSON and, where there is one, as a
//! table. The command line, whose `--json` prints the same, shares them.
//!
//! They are made from domain types by destructuring, so that a new field of
//! the domain does not compile until somebody has decided whether it is shown.

mod api_key;
mod comparison;
mod example;
mod finding;
mod history;
mod llm;
mod metric;
mod new_api_key;
mod new_measurement;
mod new_metric;
mod new_run;
mod object;
mod ranking;
mod refusal;
mod run;
mod schema;
mod tables;
mod workload;

pub use api_key::{ApiKey, CreatedKey, Scope};
pub use comparison::{ComparedValue, Comparison, Difference, MetricComparison};
pub(crate) use example::Example;
pub use finding::Finding;
pub use history::{History, HistoryPoint, Series};
pub use llm::Llm;
pub use metric::{Direction, Metric};
pub use new_api_key::NewApiKey;
pub use new_measurement::{NewFigures, NewMeasurement, NewSamples};
pub use new_metric::NewMetric;
pub use new_run::{NewRequests, NewRun, NewTool};
pub(crate) use object::Object;
pub use ranking::{Ranking, RankingEntry};
pub use refusal::Refusal;
pub use run::{ImportedFile, Measurement, RecordedRun, Run};
pub(crate) use schema::{
    BUCKET, METRIC, SLUG, SourceName, StatisticName, VISIBLE, VerdictName, WINDOW, one_of,
};
pub use workload::{Conditions, Workload};

use benchmark_domain::Timestamp;
use benchmark_domain::chrono::{DateTime, SecondsFormat};

/// A moment in RFC 3339, at whatever offset from UTC.
///
/// # Errors
/// What the text is not.
pub fn moment(text: &str) -> Result<Timestamp, &'static str> {
    let moment = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    moment.map_err(|_| "is not a moment in RFC 3339")
}

/// RFC 3339 in UTC, with microseconds and `Z`: `2024-09-27T08:57:17.739976Z`.
pub fn timestamp(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}
