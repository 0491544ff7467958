//! The catalogue of metrics.

pub(super) mod create;
pub(super) mod list;
