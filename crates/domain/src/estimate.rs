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

    /// None where it is zero, but for rounding: whoever measured nothing but one
    /// value does not know how far others would lie from it.
    pub(crate) fn unless_exact(self, value: f64) -> Option<Self> {
        // Sums round by 1e-16 each, and no clock is as fine as this.
        const ROUNDING: f64 = 1e-12;
        (self.standard_error > ROUNDING * value.abs()).then_some(self)
    }

    /// The same for a value that comes out of a sketch, and may be as far off
    /// as the sketch allows.
    pub(crate) fn of_sketched(&self, value: f64) -> Self {
        let off = QuantileSketch::RELATIVE_ERROR * value / z_critical(1.0 - CONFIDENCE);
        Self { standard_error: self.standard_error.hypot(off), ..*self }
    }

    /// The interval around a value: value ± t * standard error.
    pub(crate) fn interval(&self, value: f64) -> ConfidenceInterval {
        let reach = t_critical(1.0 - CONFIDENCE, self.degrees_of_freedom) * self.standard_error;
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
    /// A value with a t-interval around it, as far as that is not negative: no
    /// metric is.
    pub fn new(value: f64, uncertainty: Option<Uncertainty>) -> Self {
        let interval = uncertainty.map(|uncertainty| {
            let ConfidenceInterval { low, high } = uncertainty.interval(value);
            ConfidenceInterval { low: low.max(0.0), high }
        });
        Self { value, interval, uncertainty }
    }

    /// A rate, `yes` of `of`, with Wilson's interval (Journal of the American
    /// Statistical Association, 1927), which is sensible for no failures and for
    /// few requests too. It is tested with the error in the middle of that
    /// interval, or between runs where the interval of that is wider.
    pub(crate) fn of_rate(yes: u64, of: u64, between: Option<Uncertainty>) -> Self {
        let (n, z) = (of as f64, z_critical(1.0 - CONFIDENCE));
        let rate = yes as f64 / n;
        let shrunk = 1.0 + z * z / n;
        let middle = (rate + z * z / (2.0 * n)) / shrunk;
        let reach = z / shrunk * (rate * (1.0 - rate) / n + (z / (2.0 * n)).powi(2)).sqrt();
        let wilson = Self {
            value: rate,
            interval: Some(ConfidenceInterval {
                // Both ends are the rate itself at its extremes, but for rounding.
                low: (middle - reach).clamp(0.0, rate),
                high: (middle + reach).clamp(rate, 1.0),
            }),
            uncertainty: Some(Uncertainty {
                standard_error: reach / z,
                degrees_of_freedom: f64::INFINITY,
            }),
        };
        let is_wider = |between: &Uncertainty| {
            let ConfidenceInterval { low, high } = between.interval(rate);
            high - low > 2.0 * reach
        };
        match between.filter(is_wider) {
            Some(between) => Self::new(rate, Some(between)).at_most(1.0),
            None => wilson,
        }
    }

    /// The same, with an interval that ends at what no value can exceed.
    fn at_most(mut self, bound: f64) -> Self {
        if let Some(interval) = &mut self.interval {
            interval.high = interval.high.min(bound);
        }
        self
    }

    /// A quantile and its distribution-free interval: the order statistics
    /// between which it lies with 95 % confidence, by the binomial distribution
    /// (Conover, Practical Nonparametric Statistics, 1999, 3.2), interpolated as
    /// Hettmansperger and Sheather (Statistics & Probability Letters, 1986) and
    /// Nyblom (the same, 1992) do, so that it is no wider than its confidence.
    /// What the sketch may be off by is added at a right angle: the two errors
    /// have nothing to do with each other. `None` below
    /// [`Statistic::min_samples`](crate::Statistic::min_samples).
    ///
    /// It is tested with half the distance between those order statistics in
    /// normal deviates. That is known from the d gaps between samples which lie
    /// there, and so with d / 2 degrees of freedom: a sum of d exponential gaps
    /// varies as much as a deviation of so many. Here the sketch's error counts
    /// as a standard error, because values that lie in steps of twice that
    /// error differ by whole steps.
    pub(crate) fn of_quantile(sketch: &QuantileSketch, probability: f64) -> Option<Self> {
        let value = sketch.quantile(probability)?;
        let count = sketch.count();
        let low_at = lower_limit(probability, count)?;
        let high_at = (count - 1) as f64 - lower_limit(1.0 - probability, count)?;
        let (low, high) = (sketch.value_at(low_at)?, sketch.value_at(high_at)?);
        if high == 0.0 {
            // Of nothing but zeros it is not known how far others would lie from them.
            return Some(Self::new(value, None));
        }
        let off = QuantileSketch::RELATIVE_ERROR * value;
        let interval = ConfidenceInterval {
            low: (value - off.hypot(value - low)).max(0.0),
            high: value + off.hypot(high - value),
        };
        let uncertainty = Uncertainty {
            standard_error: off.hypot((high - low) / (2.0 * z_critical(1.0 - CONFIDENCE))),
            degrees_of_freedom: (high_at - low_at) / 2.0,
        };
        Some(Self { value, interval: Some(interval), uncertainty: Some(uncertainty) })
    }
}

/// Where in the ascending order of `count` samples, counted from 0, the value
/// lies that a quantile exceeds with a confidence of 97.5 %: between the last
/// sample that it exceeds so surely and the next one. `None` where it does not
/// exceed the first one so surely.
fn lower_limit(probability: f64, count: u64) -> Option<f64> {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let surely_below = binomial_quantile(probability, count, tail)?;
    let last = surely_below.checked_sub(1)?;
    if count > EXACT_TO {
        return Some(last as f64);
    }
    let below = Binomial::new(probability, count).ok()?;
    let (with_it, with_next) = (below.cdf(last), below.cdf(surely_below));
    // The quantile lies in the gap behind the last one. Near it, the distances
    // to both ends of the gap are exponential, at these rates.
    let share = (with_next - tail) / (with_next - with_it);
    let to_last = surely_below as f64 / probability;
    let to_next = (count - surely_below) as f64 / (1.0 - probability);
    let odds = to_last / to_next * share / (1.0 - share);
    Some(last as f64 + 1.0 / (1.0 + odds))
}

/// Up to so many samples statrs' continued fraction converges.
const EXACT_TO: u64 = 1_000_000;

/// The least k with P(X <= k) >= `level`, where X of `count` samples lie below
/// a quantile.
///
/// Cornish and Fisher's expansion (Revue de l'Institut international de
/// statistique, 1938) is at most a step off; the exact distribution corrects it
/// as long as statrs' continued fraction converges. Beyond, a step is no more
/// than a millionth of the samples.
fn binomial_quantile(probability: f64, count: u64, level: f64) -> Option<u64> {
    let (n, p, z) = (count as f64, probability, Normal::standard().inverse_cdf(level));
    let skewness_term = (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0;
    let expansion = n * p + z * (n * p * (1.0 - p)).sqrt() + skewness_term - 0.5;
    let mut k = expansion.ceil().clamp(0.0, n) as u64;
    if count <= EXACT_TO {
        let below = Binomial::new(probability, count).ok()?;
        while below.cdf(k) < level {
            k += 1;
        }
        while k > 0 && below.cdf(k - 1) >= level {
            k -= 1;
        }
    }
    Some(k)
}

/// The two-sided point of Student's t distribution that is exceeded with
/// probability `level`.
pub(crate) fn t_critical(level: f64, degrees_of_freedom: f64) -> f64 {
    /// Where the series is exact to 1e-11. From 1e4 on statrs loses digits, and
    /// from 1e5 on it does not return.
    const SERIES_FROM: f64 = 1e3;
    match StudentsT::new(0.0, 1.0, degrees_of_freedom) {
        Ok(t) if degrees_of_freedom < SERIES_FROM => -t.inverse_cdf(level / 2.0),
        _ => t_by_series(z_critical(level), degrees_of_freedom),
    }
}

/// The point of Student's t distribution that is exceeded as often as `z` is by
/// a standard normal deviate (Abramowitz and Stegun, 26.7.5).
fn t_by_series(z: f64, degrees_of_freedom: f64) -> f64 {
    let (r, z2) = (1.0 / degrees_of_freedom, z * z);
    let third = (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    let second = ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let first = (z2 + 1.0) / 4.0;
    z * (1.0 + r * (first + r * (second + r * third)))
}

/// The two-sided point of the standard normal distribution that is exceeded
/// with probability `level`.
pub(crate) fn z_critical(level: f64) -> f64 {
    -Normal::standard().inverse_cdf(level / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_points_are_those_of_students_t() {
        // scipy.stats.t.ppf(0.975, df)
        for (df, point) in [
            (1.0, 12.706_204_736_174_694),
            (999.0, 1.962_341_461_133_449_3),
            (1e3, 1.962_339_080_826_408_3),
            (1e5, 1.959_987_707_534_609_5),
            (1e9, 1.959_963_986_912_325),
            (f64::INFINITY, 1.959_963_984_540_054),
        ] {
            let found = t_critical(0.05, df);
            assert!((found / point - 1.0).abs() < 1e-11, "{df}: {found}");
        }
    }

    #[test]
    fn a_rate_has_wilsons_interval() {
        // statsmodels' proportion_confint(x, n, method="wilson")
        for (yes, of, low, high) in [
            (0, 3, 0.0, 0.561_497_031_755_045_5),
            (1, 10, 0.017_876_213_095_072_868, 0.404_150_026_795_238_5),
            (1000, 1000, 0.996_173_241_514_445, 1.0),
        ] {
            let interval = Estimate::of_rate(yes, of, None).interval.unwrap();
            assert!((interval.low - low).abs() < 1e-9, "{yes}/{of}: {interval:?}");
            assert!((interval.high - high).abs() < 1e-9, "{yes}/{of}: {interval:?}");
        }
    }

    #[test]
    fn a_rate_has_the_wider_one_of_its_two_intervals_with_the_rate_inside() {
        // Of three runs of 100, 8, 10 and 12 failed: 0.1 ± t(0.975, 2) * 0.02 / sqrt(3).
        let between =
            Uncertainty { standard_error: 0.02 / 3.0_f64.sqrt(), degrees_of_freedom: 2.0 };
        let interval = Estimate::of_rate(30, 300, Some(between)).interval.unwrap();
        assert!((interval.low - 0.050_317).abs() < 1e-6, "{interval:?}");
        for of in 1..3000 {
            for yes in [0, of / 3, of] {
                let Estimate { value, interval, .. } = Estimate::of_rate(yes, of, None);
                let interval = interval.unwrap();
                assert!(interval.low <= value && value <= interval.high, "{yes}/{of}");
            }
        }
    }

    #[test]
    fn no_rate_of_runs_that_lie_far_apart_may_exceed_one() {
        let between = Uncertainty { standard_error: 0.26, degrees_of_freedom: 2.0 };
        let interval = Estimate::of_rate(14, 30, Some(between)).interval.unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 1.0));
    }

    #[test]
    fn few_and_many_samples_have_their_binomial_quantiles() {
        // scipy.stats.binom.ppf([0.025, 0.975], count, probability)
        for (count, probability, low, high) in [
            (150, 0.5, 63, 87),
            (150, 0.95, 137, 147),
            (10_000, 0.99, 9_880, 9_919),
            (1_000_000, 0.5, 499_020, 500_980),
            (10_000_000, 0.5, 4_996_901, 5_003_099),
            (1_000_000_000, 0.99, 989_993_833, 990_006_166),
        ] {
            let found = [0.025, 0.975].map(|level| binomial_quantile(probability, count, level));
            assert_eq!(found, [Some(low), Some(high)], "{count} {probability}");
        }
    }
}
