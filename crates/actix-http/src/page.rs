//! Lists that are shown page by page.

use benchmark_domain::uuid::Uuid;
use benchmark_ports::PageLimit;

use crate::error::ApiError;
use crate::query::{parse, parse_whole_number};

/// The parameter `limit` of a list.
///
/// # Errors
/// 422 unless it is left out or a number within a page's bounds.
pub(crate) fn parse_limit(text: Option<&str>) -> Result<PageLimit, ApiError> {
    let items = parse_whole_number("limit", text, 1, PageLimit::MAX.into())?;
    items.map_or(Ok(PageLimit::default()), |items| {
        PageLimit::new(items as u64).map_err(|reason| ApiError::invalid("limit", reason))
    })
}

/// An optional parameter that is an id.
///
/// # Errors
/// 422 where it is none.
pub(crate) fn parse_id(name: &'static str, text: Option<&str>) -> Result<Option<Uuid>, ApiError> {
    parse(name, text, |text| Uuid::try_parse(text).map_err(|_| "is not an id"))
}

/// The parameter `after` is an id of nothing.
pub(crate) fn nothing_after() -> ApiError {
    ApiError::not_found("after: there is nothing with this id to go on from")
}
