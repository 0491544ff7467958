//! One file per command: its arguments and what it does. What two of them do
//! alike is in `recording`.

pub(crate) mod compare;
pub(crate) mod healthcheck;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod rank;
pub(crate) mod recording;
pub(crate) mod serve;
pub(crate) mod simulate;
