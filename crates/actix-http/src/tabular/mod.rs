//! Answers as comma-separated values: who gets them, how they are written, and what
//! has rows at all.

mod exported;
mod format;
mod table;

pub(crate) use exported::Exported;
pub(crate) use format::{Format, Preferred};
pub(crate) use table::{Row, Tabular};
