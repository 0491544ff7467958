//! One file per command: its arguments and what it does.

pub(crate) mod healthcheck;
pub(crate) mod import;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod rank;
pub(crate) mod serve;
pub(crate) mod simulate;
