//! Runs.

pub(super) mod create;
mod elements;
pub(super) mod get;
pub(super) mod import;
pub(super) mod list;
mod recording;
mod submission;
pub(super) mod upload;
