use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// Which runs a ranking looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Window {
    /// Each LLM's newest run.
    #[default]
    Latest,
    /// The runs that started in the last so many hours.
    Hours(u32),
    /// Every run.
    All,
}

/// A text that names no window.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a window is latest, all, or 1 to 87600 hours or 3650 days, such as 24h or 7d")]
pub struct InvalidWindow;

impl Window {
    /// Ten years: longer than any benchmark stays comparable.
    const MAX_HOURS: u32 = 87_600;

    /// Parses `latest`, `all`, or a duration in hours (`24h`) or days (`7d`).
    ///
    /// # Errors
    /// [`InvalidWindow`] for anything else, and for no or more than ten years.
    pub fn parse(text: &str) -> Result<Self, InvalidWindow> {
        match text {
            "latest" => return Ok(Self::Latest),
            "all" => return Ok(Self::All),
            _ => {}
        }
        let (digits, hours_per_unit) = text
            .strip_suffix('h')
            .map(|digits| (digits, 1))
            .or_else(|| text.strip_suffix('d').map(|digits| (digits, 24)))
            .ok_or(InvalidWindow)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidWindow);
        }
        digits
            .parse::<u32>()
            .ok()
            .and_then(|n| n.checked_mul(hours_per_unit))
            .filter(|hours| (1..=Self::MAX_HOURS).contains(hours))
            .map(Self::Hours)
            .ok_or(InvalidWindow)
    }

    /// The earliest start of a run inside the window, `None` where any is.
    pub fn starts_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Latest | Self::All => None,
            Self::Hours(hours) => now.checked_sub_signed(TimeDelta::hours(hours.into())),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::All => f.write_str("all"),
            Self::Hours(hours) if hours % 24 == 0 && *hours > 24 => write!(f, "{}d", hours / 24),
            Self::Hours(hours) => write!(f, "{hours}h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_hours_or_days() {
        assert_eq!(Window::parse("24h").unwrap(), Window::Hours(24));
        assert_eq!(Window::parse("7d").unwrap(), Window::Hours(168));
        for bad in ["", "banana", "0h", "-1d", "+1d", "1.5h", "h", "3651d", "99999999999h", "7w"] {
            assert!(Window::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_a_window_displays_parses_to_it(hours in 1_u32..=87_600) {
            let window = Window::Hours(hours);
            prop_assert_eq!(Window::parse(&window.to_string()).unwrap(), window);
        }
    }
}
