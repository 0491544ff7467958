use std::fmt;

use thiserror::Error;

/// How many items a page has at most: 1 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageLimit(u16);

/// A number that is no limit of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a limit is 1 to {max}", max = PageLimit::MAX)]
pub struct InvalidPageLimit;

impl PageLimit {
    /// The most items a page may have.
    pub const MAX: u16 = 1000;

    /// A limit of one item.
    pub const ONE: Self = Self(1);

    /// A limit of so many items.
    ///
    /// # Errors
    /// [`InvalidPageLimit`] unless it is 1 to [`MAX`](Self::MAX).
    pub fn new(items: u64) -> Result<Self, InvalidPageLimit> {
        match u16::try_from(items) {
            Ok(items) if (1..=Self::MAX).contains(&items) => Ok(Self(items)),
            _ => Err(InvalidPageLimit),
        }
    }

    /// The limit as a number of items.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl fmt::Display for PageLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Default for PageLimit {
    /// 100 items.
    fn default() -> Self {
        Self(100)
    }
}
