use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

use crate::quantile_sketch::QuantileSketch;
use crate::summary::Moments;

/// Confidence of every interval, and 1 - the error of every family of tests.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// The range that covers the true value with 95 % confidence, in the unit of
/// the value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfidenceInterval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// How precisely a value is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uncertainty {
    /// The standard error, in the unit of the value.
    pub standard_error: f64,
    /// The degrees of freedom of that error; infinite where it is a normal one.
    pub degrees_of_freedom: f64,
}

impl Uncertainty {
    /// Of the mean of samples: s / sqrt(n) with n - 1 degrees of freedom.
    /// `None` below two samples.
    pub(crate) fn of_mean(moments: &Moments) -> Option<Self> {
        let variance = moments.variance()?;
        Some(Self {
            standard_error: (variance / moments.count as f64).sqrt(),
            degrees_of_freedom: (moments.count - 1) as f64,
        })
    }

    /// Of the mean of runs, from how far they lie apart: with weights `w` that
    /// add up to 1, the square of the error is `k/(k-1) * sum(w² (x - mean)²)`
    /// with k - 1 degrees of freedom. That is the variance of a ratio estimator
    /// over clusters (Cochran, Sampling Techniques, 1977, chapter 6); for runs
    /// of equal size it is s² / k of the runs' values. `None` below two runs.
    pub(crate) fn between_runs(runs: &[(f64, f64)]) -> Option<Self> {
        if runs.len() < 2 {
            return None;
        }
        let total: f64 = runs.iter().map(|(weight, _)| weight).sum();
        let mean = runs.iter().map(|(weight, value)| weight * value).sum::<f64>() / total;
        let scatter: f64 =
            runs.iter().map(|(weight, value)| (weight / total * (value - mean)).powi(2)).sum();
        let (k, others) = (runs.len() as f64, (runs.len() - 1) as f64);
        Some(Self { standard_error: (k / others * scatter).sqrt(), degrees_of_freedom: others })
    }

    /// The interval around a value: value ± t * standard error.
    pub(crate) fn interval(&self, value: f64) -> ConfidenceInterval {
        let reach = t_critical(self.degrees_of_freedom) * self.standard_error;
        ConfidenceInterval { low: value - reach, high: value + reach }
    }
}

/// A value and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its 95 % confidence interval, `None` where too little is known.
    pub interval: Option<ConfidenceInterval>,
    /// What it is tested with, `None` where too little is known.
    pub uncertainty: Option<Uncertainty>,
}

impl Estimate {
    /// A value with a t-interval around it.
    pub fn new(value: f64, uncertainty: Option<Uncertainty>) -> Self {
        Self { value, interval: uncertainty.map(|u| u.interval(value)), uncertainty }
    }

    /// A quantile and its distribution-free interval: the order statistics
    /// between which it lies with at least 95 % confidence, by the binomial
    /// distribution (Conover, Practical Nonparametric Statistics, 1999, 3.2).
    /// Where there are too few samples for such an interval, it is unknown.
    ///
    /// Its standard error is the interval's half-width in normal deviates.
    pub(crate) fn of_quantile(sketch: &QuantileSketch, probability: f64) -> Option<Self> {
        let value = sketch.quantile(probability)?;
        let interval = order_statistic_interval(sketch, probability);
        let uncertainty = interval.map(|ConfidenceInterval { low, high }| Uncertainty {
            standard_error: (high - low) / (2.0 * z_critical(1.0 - CONFIDENCE)),
            degrees_of_freedom: f64::INFINITY,
        });
        Some(Self { value, interval, uncertainty })
    }
}

fn order_statistic_interval(
    sketch: &QuantileSketch,
    probability: f64,
) -> Option<ConfidenceInterval> {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    // How many samples lie below the true quantile.
    let below = Binomial::new(probability, sketch.count()).ok()?;
    // Too few samples: even the extremes leave more than the tail outside.
    if below.cdf(0) > tail || below.sf(sketch.count().checked_sub(1)?) > tail {
        return None;
    }
    // P(below < j) <= tail for the largest such j; the j-th smallest sample
    // has j - 1 before it.
    let first = below.inverse_cdf(tail);
    let low = if below.cdf(first) <= tail { first } else { first.checked_sub(1)? };
    let high = below.inverse_cdf(1.0 - tail);
    Some(ConfidenceInterval {
        low: sketch.order_statistic(low)?,
        high: sketch.order_statistic(high)?,
    })
}

/// The two-sided 95 % point of Student's t distribution.
pub(crate) fn t_critical(degrees_of_freedom: f64) -> f64 {
    let upper = 1.0 - (1.0 - CONFIDENCE) / 2.0;
    match StudentsT::new(0.0, 1.0, degrees_of_freedom) {
        Ok(t) if degrees_of_freedom.is_finite() => t.inverse_cdf(upper),
        _ => z_critical(1.0 - CONFIDENCE),
    }
}

/// The two-sided point of the standard normal distribution that is exceeded
/// with probability `level`.
pub(crate) fn z_critical(level: f64) -> f64 {
    -Normal::standard().inverse_cdf(level / 2.0)
}
