//! LLMs side by side.

pub(super) mod get;
