use thiserror::Error;

use crate::statistic::Statistic;
use crate::summary::{InvalidSample, Moments, Summary};

/// What one run says about one metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Measurement {
    /// Summarised from samples; merges with others.
    Sampled(Summary),
    /// A tool's own figures, without the samples behind them. Kept and shown,
    /// never merged into quantiles.
    Reported(ReportedSummary),
}

/// Percentiles, each where it is known, in the unit of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quantiles {
    /// The median.
    pub p50: Option<f64>,
    /// The 90th percentile.
    pub p90: Option<f64>,
    /// The 95th percentile.
    pub p95: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
}

impl Quantiles {
    /// Each percentile as `quantile` gives it for its probability.
    pub(crate) fn each(quantile: impl Fn(Statistic) -> Option<f64>) -> Self {
        Self {
            p50: quantile(Statistic::P50),
            p90: quantile(Statistic::P90),
            p95: quantile(Statistic::P95),
            p99: quantile(Statistic::P99),
        }
    }

    /// The percentile that a statistic names; `None` for the mean.
    pub fn get(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Mean => None,
            Statistic::P50 => self.p50,
            Statistic::P90 => self.p90,
            Statistic::P95 => self.p95,
            Statistic::P99 => self.p99,
        }
    }
}

/// Why a percentile is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MissingPercentile {
    /// There are fewer samples than [tell it](Statistic::min_samples).
    #[error("needs {needed} samples, has {found}")]
    TooFewSamples {
        /// How many are needed.
        needed: u64,
        /// How many there are.
        found: u64,
    },
    /// Its runs kept too few samples, and no tool reported it of enough.
    #[error("was not reported of enough samples, and too few were kept")]
    NotReported,
    /// A tool reported other percentiles of its run and not this one.
    #[error("was not reported of every run")]
    NotOfAll,
    /// A rate has one value a run.
    #[error("has none, being a rate")]
    OfRate,
}

impl MissingPercentile {
    /// Why there is none, given so many samples.
    pub(crate) fn of(statistic: Statistic, found: u64) -> Self {
        let needed = statistic.min_samples();
        if found < needed { Self::TooFewSamples { needed, found } } else { Self::NotReported }
    }
}

/// The figures of a tool that kept no samples, in the unit of the metric.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedSummary {
    /// The mean.
    pub mean: f64,
    /// How many samples it is the mean of.
    pub count: Option<u64>,
    /// Their sample standard deviation.
    pub standard_deviation: Option<f64>,
    /// The smallest one.
    pub min: Option<f64>,
    /// The largest one.
    pub max: Option<f64>,
    /// Their percentiles.
    pub quantiles: Quantiles,
}

/// Why figures cannot be a measurement.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InvalidMeasurement {
    /// No samples at all.
    #[error("there are no samples")]
    Empty,
    /// A figure that cannot be a value of a metric.
    #[error("{figure}: {source}")]
    Figure {
        /// Which figure.
        figure: &'static str,
        /// What is wrong with it.
        source: InvalidSample,
    },
    /// More samples than [`ReportedSummary::MAX_COUNT`].
    #[error("count is above {}", ReportedSummary::MAX_COUNT)]
    TooMany,
    /// Figures of one distribution that contradict each other.
    #[error("min, percentiles and max must ascend, and the mean lie between min and max")]
    Disordered,
}

impl ReportedSummary {
    /// The most samples that figures may speak of: what every store can count.
    pub const MAX_COUNT: u64 = 1 << 53;

    /// Only a mean.
    pub fn of_mean(mean: f64) -> Self {
        Self {
            mean,
            count: None,
            standard_deviation: None,
            min: None,
            max: None,
            quantiles: Quantiles::default(),
        }
    }

    fn check(&self) -> Result<(), InvalidMeasurement> {
        let Self { mean, count, standard_deviation, min, max, quantiles } = self;
        let Quantiles { p50, p90, p95, p99 } = *quantiles;
        let figures = [
            ("mean", Some(*mean)),
            ("standard deviation", *standard_deviation),
            ("min", *min),
            ("max", *max),
            ("p50", p50),
            ("p90", p90),
            ("p95", p95),
            ("p99", p99),
        ];
        for (figure, value) in figures {
            if let Some(value) = value {
                Summary::check(value)
                    .map_err(|source| InvalidMeasurement::Figure { figure, source })?;
            }
        }
        match count {
            Some(0) => return Err(InvalidMeasurement::Empty),
            Some(count) if *count > Self::MAX_COUNT => return Err(InvalidMeasurement::TooMany),
            _ => {}
        }
        // A mean may lie above the 99th percentile, but not outside the range.
        let around_mean = [*min, Some(*mean), *max];
        let percentiles = [*min, p50, p90, p95, p99, *max];
        // A mean of equal values may differ from them in its last digits.
        let in_order = |a: &&f64, b: &&f64| **a <= **b + b.abs() * 1e-9;
        let ordered = |figures: &[Option<f64>]| figures.iter().flatten().is_sorted_by(in_order);
        if ordered(&around_mean) && ordered(&percentiles) {
            Ok(())
        } else {
            Err(InvalidMeasurement::Disordered)
        }
    }
}

impl Measurement {
    /// Samples, summarised.
    ///
    /// # Errors
    /// [`InvalidMeasurement`] if the summary is empty.
    pub fn sampled(summary: Summary) -> Result<Self, InvalidMeasurement> {
        let sampled = Self::Sampled(summary);
        sampled.check().map(|()| sampled)
    }

    /// A tool's own figures.
    ///
    /// # Errors
    /// [`InvalidMeasurement`] if one cannot be a value of a metric.
    pub fn reported(figures: ReportedSummary) -> Result<Self, InvalidMeasurement> {
        let reported = Self::Reported(figures);
        reported.check().map(|()| reported)
    }

    /// Whether this is what a run may say of a metric.
    pub(crate) fn check(&self) -> Result<(), InvalidMeasurement> {
        match self {
            Self::Sampled(summary) if summary.count() == 0 => Err(InvalidMeasurement::Empty),
            Self::Sampled(_) => Ok(()),
            Self::Reported(figures) => figures.check(),
        }
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Sampled(summary) => summary.moments().mean,
            Self::Reported(figures) => figures.mean,
        }
    }

    /// How many samples are behind it, where known.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Sampled(summary) => Some(summary.count()),
            Self::Reported(figures) => figures.count,
        }
    }

    /// The percentiles that are known.
    pub fn quantiles(&self) -> Quantiles {
        match self {
            Self::Sampled(summary) => {
                Quantiles::each(|statistic| summary.sketch().quantile(statistic.probability()?))
            }
            Self::Reported(figures) => figures.quantiles,
        }
    }

    /// The value of a statistic in this run, as it is compared with that of
    /// other runs, where known: a tool's own percentile if it is not one of
    /// [too few samples](Statistic::min_samples).
    pub(crate) fn replicate(&self, statistic: Statistic) -> Option<f64> {
        match (self, statistic.probability()) {
            (_, None) => Some(self.mean()),
            (Self::Sampled(summary), Some(probability)) => {
                summary.sketch().expected_quantile(probability)
            }
            (Self::Reported(figures), Some(_)) => {
                let enough = figures.count.is_none_or(|count| count >= statistic.min_samples());
                enough.then(|| figures.quantiles.get(statistic))?
            }
        }
    }

    /// Count, mean and squared deviations, where all three are known.
    pub(crate) fn moments(&self) -> Option<Moments> {
        match self {
            Self::Sampled(summary) => Some(summary.moments().clone()),
            Self::Reported(figures) => {
                let count = figures.count?;
                let deviation = figures.standard_deviation.or((count == 1).then_some(0.0))?;
                Some(Moments {
                    count,
                    mean: figures.mean,
                    squared_deviations: deviation * deviation * (count - 1) as f64,
                })
            }
        }
    }
}
