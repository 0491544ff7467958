//! Rankings.

pub(super) mod get;
pub(super) mod list;
mod parameters;
