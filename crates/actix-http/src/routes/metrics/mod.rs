//! The catalogue of metrics.

pub(super) mod list;
