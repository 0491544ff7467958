//! Lists that are shown page by page.

use benchmark_ports::PageLimit;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::ApiError;
use crate::query;

/// Which page of a list is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParameters {
    /// How many items are shown at most; 100 where it is left out.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    pub(crate) limit: Option<String>,
    /// What identifies the last item of the page before (its `id`, or its
    /// `slug`); the first page where it is left out.
    pub(crate) after: Option<String>,
}

/// The parameter `limit` of a list.
///
/// # Errors
/// 422 unless it is left out or a number within a page's bounds.
pub(crate) fn parse_limit(text: Option<&str>) -> Result<PageLimit, ApiError> {
    let items = query::parse_whole_number("limit", text, 1, PageLimit::MAX.into())?;
    items.map_or(Ok(PageLimit::default()), |items| {
        PageLimit::new(items as u64).map_err(|reason| ApiError::invalid("limit", reason))
    })
}

/// An `after` that leads nowhere.
pub(crate) fn unknown_cursor() -> ApiError {
    ApiError::invalid("after", "identifies no item of this list")
}
