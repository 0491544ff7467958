//! Lists that are shown page by page.

use benchmark_ports::PageLimit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::query;
use crate::wire::Example;

/// One page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Page<T> {
    /// The items, in the list's order.
    items: Vec<T>,
    /// What to give as `after` for the next page; null at the end.
    next: Option<String>,
}

impl<T> Page<T> {
    /// The page of these items, of which at most `limit` were asked for.
    pub(crate) fn new(items: Vec<T>, limit: PageLimit, cursor: impl FnOnce(&T) -> String) -> Self {
        // A full page may be the last one; the next one is empty then.
        let next = items.last().filter(|_| items.len() == limit.get()).map(cursor);
        Self { items, next }
    }
}

impl<T: Example> Example for Page<T> {
    fn example() -> Self {
        Self { items: vec![T::example()], next: None }
    }
}

/// Which page of a list is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParameters {
    /// How many items are shown at most; 100 where it is left out.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    pub(crate) limit: Option<String>,
    /// The `next` of the page before.
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

/// A cursor that leads nowhere in this list.
pub(crate) fn unknown_cursor() -> ApiError {
    ApiError::invalid("after", "is not the `next` of a page of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_leads_to_the_next_and_another_does_not() {
        let limit = PageLimit::new(2).unwrap();
        let next = |items: Vec<u8>| Page::new(items, limit, ToString::to_string).next;
        assert_eq!(next(vec![1, 2]), Some("2".to_owned()));
        assert_eq!(next(vec![1]), None);
        assert_eq!(next(vec![]), None);
    }
}
