use std::fmt;

use thiserror::Error;

use crate::estimate::CONFIDENCE;

/// Which number of a distribution LLMs are ranked by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Statistic {
    /// The arithmetic mean.
    #[default]
    Mean,
    /// The median.
    P50,
    /// The 90th percentile.
    P90,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
}

/// A text that names no statistic.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a statistic is one of mean, p50, p90, p95, p99")]
pub struct UnknownStatistic;

impl Statistic {
    /// Every statistic.
    pub const ALL: [Self; 5] = [Self::Mean, Self::P50, Self::P90, Self::P95, Self::P99];

    /// Parses `mean`, `p50`, `p90`, `p95` or `p99`.
    ///
    /// # Errors
    /// [`UnknownStatistic`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UnknownStatistic> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(UnknownStatistic)
    }

    /// The statistic as it is asked for.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }

    /// The probability of a quantile, `None` for the mean.
    pub fn probability(self) -> Option<f64> {
        match self {
            Self::Mean => None,
            Self::P50 => Some(0.5),
            Self::P90 => Some(0.9),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
        }
    }

    /// The fewest samples that tell it: one for the mean, and as many for a
    /// quantile of probability p as give it a 95 % interval between two order
    /// statistics, the extremes at the widest:
    ///
    /// ```text
    /// max(p, 1 - p)^n <= 2.5 %
    /// ```
    ///
    /// (Conover, Practical Nonparametric Statistics, 1999, 3.2). With fewer, the
    /// quantile may well lie beyond every sample: 6 for the median, 36, 72, and
    /// 368 for the 99th percentile.
    pub fn min_samples(self) -> u64 {
        let tail = (1.0 - CONFIDENCE) / 2.0;
        let fewest = |p: f64| (tail.ln() / p.max(1.0 - p).ln()).ceil() as u64;
        self.probability().map_or(1, fewest)
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_needs_enough_samples_for_its_interval() {
        let fewest = Statistic::ALL.map(Statistic::min_samples);
        assert_eq!(fewest, [1, 6, 36, 72, 368]);
    }
}
