//! Rankings and their history.

pub(super) mod get;
pub(super) mod history;
pub(super) mod list;
mod metric;
mod parameters;
