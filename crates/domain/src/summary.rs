use std::ops::Add;

use thiserror::Error;

use crate::quantile_sketch::{CorruptSketch, QuantileSketch};
use crate::strands;

/// A number that cannot be a sample of a metric.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InvalidSample {
    /// NaN or an infinity.
    #[error("{0} is not a finite number")]
    NotFinite(f64),
    /// Below zero: no metric measures that.
    #[error("{0} is negative")]
    Negative(f64),
    /// Above [`Summary::MAX_VALUE`].
    #[error("{0} is above {max:e}", max = Summary::MAX_VALUE)]
    TooLarge(f64),
}

/// Count, mean, variance, extremes and quantiles of samples. Summaries merge:
/// together with the empty one they are a commutative monoid, up to rounding.
///
/// ```
/// # use benchmark_domain::Summary;
/// let mut morning = Summary::from_samples(&[0.21, 0.26])?;
/// let evening = Summary::from_samples(&[0.34])?;
/// morning.merge(&evening);
/// assert_eq!(morning.count(), 3);
/// assert!((morning.mean().unwrap() - 0.27).abs() < 1e-12);
/// # Ok::<(), benchmark_domain::InvalidSample>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    moments: Moments,
    range: Option<(f64, f64)>,
    sketch: QuantileSketch,
}

impl Summary {
    /// The largest value of a sample: in seconds, thirty thousand years.
    pub const MAX_VALUE: f64 = 1e12;

    /// The summary of these samples.
    ///
    /// # Errors
    /// [`InvalidSample`] for the first one that is not a finite number of 0 to
    /// [`MAX_VALUE`](Self::MAX_VALUE).
    pub fn from_samples(samples: &[f64]) -> Result<Self, InvalidSample> {
        let mut summary = Self::default();
        samples.iter().try_for_each(|sample| summary.add(*sample))?;
        Ok(summary)
    }

    /// The summary of `yes` ones among `of` zeros and ones: its mean is a rate.
    /// `yes` above `of` counts as `of`.
    pub fn of_rate(yes: u64, of: u64) -> Self {
        let mut summary = Self::default();
        for (value, times) in [(0.0, of.saturating_sub(yes)), (1.0, yes.min(of))] {
            if times > 0 {
                let moments = Moments { count: times, mean: value, squared_deviations: 0.0 };
                summary.moments.merge(&moments);
                summary.widen(value, value);
                summary.sketch.add_repeated(value, times);
            }
        }
        summary
    }

    /// Takes in one sample.
    ///
    /// # Errors
    /// [`InvalidSample`] if it is not a finite number of 0 to
    /// [`MAX_VALUE`](Self::MAX_VALUE); the summary is unchanged then.
    #[inline]
    pub fn add(&mut self, sample: f64) -> Result<(), InvalidSample> {
        let sample = Self::check(sample)?;
        self.moments.add(sample);
        self.widen(sample, sample);
        self.sketch.add(sample);
        Ok(())
    }

    /// Takes in samples that come together: the same as one by one, up to rounding,
    /// in less time.
    ///
    /// # Errors
    /// [`InvalidSample`] for the first one that is not a finite number of 0 to
    /// [`MAX_VALUE`](Self::MAX_VALUE); the summary is unchanged then.
    pub fn add_all(&mut self, samples: &[f64]) -> Result<(), InvalidSample> {
        // Without a way out, several samples are checked at once.
        if !samples.iter().fold(true, |fit, sample| fit & Self::is_sample(*sample)) {
            samples.iter().try_for_each(|sample| Self::check(*sample).map(drop))?;
        }
        // In parts, so that the sums of many samples lose no digits.
        for part in samples.chunks(256) {
            let least = strands::fold(part, f64::INFINITY, f64::min, f64::min) + 0.0;
            let greatest = strands::fold(part, f64::NEG_INFINITY, f64::max, f64::max) + 0.0;
            self.moments.merge(&Moments::of(part));
            self.widen(least, greatest);
            self.sketch.add_all(part, (least, greatest));
        }
        Ok(())
    }

    /// Takes in everything that `other` has taken in.
    pub fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        if let Some((min, max)) = other.range {
            self.widen(min, max);
        }
        self.sketch.merge(&other.sketch);
    }

    /// The sample itself if it is a finite number of 0 to
    /// [`MAX_VALUE`](Self::MAX_VALUE), -0.0 as 0.0.
    ///
    /// # Errors
    /// [`InvalidSample`] otherwise.
    #[inline]
    pub fn check(sample: f64) -> Result<f64, InvalidSample> {
        if Self::is_sample(sample) {
            return Ok(sample + 0.0);
        }
        Err(if !sample.is_finite() {
            InvalidSample::NotFinite(sample)
        } else if sample < 0.0 {
            InvalidSample::Negative(sample)
        } else {
            InvalidSample::TooLarge(sample)
        })
    }

    #[inline]
    fn is_sample(value: f64) -> bool {
        (0.0..=Self::MAX_VALUE).contains(&value)
    }

    #[inline]
    fn widen(&mut self, low: f64, high: f64) {
        self.range = Some(match self.range {
            Some((min, max)) => (min.min(low), max.max(high)),
            None => (low, high),
        });
    }

    /// How many samples were taken in.
    pub fn count(&self) -> u64 {
        self.moments.count
    }

    /// The arithmetic mean; `None` without samples.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then_some(self.moments.mean)
    }

    /// The sample variance (n - 1); `None` below two samples.
    pub fn variance(&self) -> Option<f64> {
        self.moments.variance()
    }

    /// The square root of [`variance`](Self::variance).
    pub fn standard_deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// The smallest sample; `None` without samples.
    pub fn min(&self) -> Option<f64> {
        self.range.map(|(min, _)| min)
    }

    /// The largest sample; `None` without samples.
    pub fn max(&self) -> Option<f64> {
        self.range.map(|(_, max)| max)
    }

    /// The quantiles, within [`QuantileSketch::RELATIVE_ERROR`].
    pub fn sketch(&self) -> &QuantileSketch {
        &self.sketch
    }

    pub(crate) fn moments(&self) -> &Moments {
        &self.moments
    }

    /// What a store keeps of this summary.
    pub fn to_parts(&self) -> SummaryParts {
        SummaryParts {
            count: self.moments.count,
            mean: self.moments.mean,
            squared_deviations: self.moments.squared_deviations,
            min: self.min().unwrap_or_default(),
            max: self.max().unwrap_or_default(),
            sketch: self.sketch.to_bytes(),
        }
    }

    /// The summary that a store has kept.
    ///
    /// # Errors
    /// [`CorruptSketch`] if the sketch's bytes are none.
    pub fn from_parts(parts: &SummaryParts) -> Result<Self, CorruptSketch> {
        let SummaryParts { count, mean, squared_deviations, min, max, ref sketch } = *parts;
        Ok(Self {
            moments: Moments { count, mean, squared_deviations },
            range: (count > 0).then_some((min, max)),
            sketch: QuantileSketch::from_bytes(sketch)?,
        })
    }
}

/// A [`Summary`] taken apart for storage; exact, so that what is read back
/// equals what was written.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryParts {
    /// How many samples were taken in.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The sum of their squared deviations from the mean.
    pub squared_deviations: f64,
    /// The smallest one.
    pub min: f64,
    /// The largest one.
    pub max: f64,
    /// [`QuantileSketch::to_bytes`].
    pub sketch: Vec<u8>,
}

/// Count, mean and sum of squared deviations, kept by Welford's update
/// (Technometrics, 1962) and merged by the pairwise formula of Chan, Golub and
/// LeVeque (1979).
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Moments {
    pub(crate) count: u64,
    pub(crate) mean: f64,
    pub(crate) squared_deviations: f64,
}

impl Moments {
    /// In two passes, without a division for each value.
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = strands::fold(values, 0.0, f64::add, f64::add) / count;
        let squared = |sum: f64, value: f64| sum + (value - mean) * (value - mean);
        let squared_deviations = strands::fold(values, 0.0, squared, f64::add);
        Self { count: values.len() as u64, mean, squared_deviations }
    }

    #[inline]
    fn add(&mut self, value: f64) {
        self.count += 1;
        let deviation = value - self.mean;
        self.mean += deviation / self.count as f64;
        self.squared_deviations += deviation * (value - self.mean);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        let (ours, theirs) = (self.count as f64, other.count as f64);
        let total = ours + theirs;
        let gap = other.mean - self.mean;
        self.count = self.count.saturating_add(other.count);
        self.mean = (self.mean * ours + other.mean * theirs) / total;
        self.squared_deviations += other.squared_deviations + gap * gap * (ours * theirs / total);
    }

    pub(crate) fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squared_deviations / (self.count - 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(samples: &[f64]) -> Summary {
        Summary::from_samples(samples).unwrap()
    }

    fn merged(a: &Summary, b: &Summary) -> Summary {
        let mut merged = a.clone();
        merged.merge(b);
        merged
    }

    /// Equal up to the rounding of a few additions of values up to `scale`.
    fn assert_alike(a: &Summary, b: &Summary) -> Result<(), TestCaseError> {
        let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * (1.0 + a.abs()),
            (a, b) => a == b,
        };
        prop_assert_eq!(a.count(), b.count());
        prop_assert!(close(a.mean(), b.mean()), "{:?} {:?}", a.mean(), b.mean());
        prop_assert!(close(a.variance(), b.variance()), "{:?} {:?}", a.variance(), b.variance());
        prop_assert_eq!((a.min(), a.max()), (b.min(), b.max()));
        for probability in [0.0, 0.5, 0.9, 0.95, 0.99, 1.0] {
            prop_assert_eq!(a.sketch().quantile(probability), b.sketch().quantile(probability));
        }
        Ok(())
    }

    #[test]
    fn what_is_no_measurement_is_refused_and_changes_nothing() {
        let mut summary = summary(&[1.0]);
        let before = summary.clone();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-9, 1e300] {
            assert!(summary.add(bad).is_err(), "{bad}");
        }
        assert!(summary.add_all(&[2.0, f64::NAN]).is_err());
        assert_eq!(summary, before);
    }

    #[test]
    fn large_offsets_do_not_cancel_the_variance() {
        let summary = summary(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!(summary.variance(), Some(30.0));
    }

    #[test]
    fn a_rate_is_the_mean_of_zeros_and_ones() {
        let rate = Summary::of_rate(49, 150);
        let samples: Vec<_> = (0..150).map(|i| if i < 49 { 1.0 } else { 0.0 }).collect();
        assert_alike(&rate, &summary(&samples)).unwrap();
    }

    fn samples() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(0_f64..1e4, 0..60)
    }

    #[test]
    fn more_samples_than_can_be_counted_do_not_overflow() {
        let mut most = Summary::of_rate(1, u64::MAX);
        most.merge(&Summary::of_rate(1, 2));
        assert_eq!(most.count(), u64::MAX);
        assert_eq!(most.sketch().count(), u64::MAX);
    }

    proptest! {
        #[test]
        fn merging_equals_summarising_the_concatenation(a in samples(), b in samples()) {
            let together = [a.as_slice(), b.as_slice()].concat();
            assert_alike(&merged(&summary(&a), &summary(&b)), &summary(&together))?;
        }

        #[test]
        fn samples_taken_in_together_are_the_same_as_one_by_one(a in samples(), b in samples()) {
            let mut together = summary(&a);
            together.add_all(&b).unwrap();
            assert_alike(&together, &summary(&[a, b].concat()))?;
        }

        #[test]
        fn merging_is_commutative(a in samples(), b in samples()) {
            let (a, b) = (summary(&a), summary(&b));
            assert_alike(&merged(&a, &b), &merged(&b, &a))?;
        }

        #[test]
        fn merging_is_associative(a in samples(), b in samples(), c in samples()) {
            let (a, b, c) = (summary(&a), summary(&b), summary(&c));
            assert_alike(&merged(&merged(&a, &b), &c), &merged(&a, &merged(&b, &c)))?;
        }

        #[test]
        fn the_empty_summary_is_the_identity(a in samples()) {
            let a = summary(&a);
            assert_alike(&merged(&a, &Summary::default()), &a)?;
            assert_alike(&merged(&Summary::default(), &a), &a)?;
        }

        #[test]
        fn parts_give_the_same_summary_back(a in samples()) {
            let a = summary(&a);
            prop_assert_eq!(Summary::from_parts(&a.to_parts()).unwrap(), a);
        }
    }
}
