//! Rows that more than one port reads or writes, each with its way from and
//! to the domain.

mod benchmark;
mod llm;
mod measurement;
mod metric;
mod run;
mod verdict;
mod workload;

pub(crate) use benchmark::{BenchmarkRow, EntryRow};
pub(crate) use llm::LlmRow;
pub(crate) use measurement::{MeasurementRow, RunMetricRow};
pub(crate) use metric::MetricRow;
pub(crate) use run::{RunRow, requests};
pub(crate) use workload::WorkloadRow;
