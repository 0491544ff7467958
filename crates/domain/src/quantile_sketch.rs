use std::fmt;

use sketches_ddsketch::{Config, DDSketch};
use thiserror::Error;

/// A mergeable sketch of a distribution of non-negative values: DDSketch
/// (Masson, Rim and Lee, VLDB 2019), relative error at most
/// [1 %](Self::RELATIVE_ERROR).
///
/// Values below 1e-9 count as zero. Where the largest value is more than 1e17
/// times the smallest, the smallest ones are told apart no longer.
#[derive(Clone)]
pub struct QuantileSketch(DDSketch);

/// Bytes that are no sketch of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the bytes are not a quantile sketch of relative error 0.01")]
pub struct CorruptSketch;

impl QuantileSketch {
    /// How far a quantile may be off, relative to its true value.
    pub const RELATIVE_ERROR: f64 = 0.01;

    /// As far as merging counts. Bytes hold counts as floating-point numbers, which
    /// may round them up.
    const MAX_COUNT: u64 = 1 << 63;

    fn config() -> Config {
        Config::new(Self::RELATIVE_ERROR, 2048, 1e-9)
    }

    /// Takes in one value, finite and not negative.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.add(value);
    }

    /// Takes in the same value so many times.
    pub(crate) fn add_repeated(&mut self, value: f64, times: u64) {
        self.0.add_with_count(value, times);
    }

    /// Takes in everything that `other` has taken in, as long as there are no
    /// more values than [`MAX_COUNT`](Self::MAX_COUNT) then.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.count().saturating_add(other.count()) > Self::MAX_COUNT {
            return;
        }
        // Two sketches merge unless their parameters differ, and ours never do.
        let merged = self.0.merge(&other.0);
        debug_assert!(merged.is_ok(), "every sketch has the parameters of `config`");
    }

    /// How many values were taken in.
    pub fn count(&self) -> u64 {
        self.0.count() as u64
    }

    /// The quantile of a probability in 0 to 1, interpolated linearly between
    /// its two neighbouring order statistics (type 7 of Hyndman and Fan, 1996).
    /// `None` if the sketch is empty.
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        self.value_at(probability.clamp(0.0, 1.0) * last as f64)
    }

    /// The order statistic that lies at the probability on average,
    /// interpolated (type 6 of Hyndman and Fan). Of few samples it scatters as
    /// far as the quantile of many does, where type 7 draws inwards. `None` if
    /// it lies beyond the samples.
    pub(crate) fn expected_quantile(&self, probability: f64) -> Option<f64> {
        let count = self.count() as f64;
        let position = probability * (count + 1.0) - 1.0;
        (0.0..=count - 1.0).contains(&position).then(|| self.value_at(position))?
    }

    /// The value at a place in the ascending order, counted from 0, between two
    /// order statistics in proportion; `None` past the end.
    pub(crate) fn value_at(&self, position: f64) -> Option<f64> {
        let below = self.order_statistic(position.floor() as u64)?;
        if position.fract() == 0.0 {
            return Some(below);
        }
        let above = self.order_statistic(position.ceil() as u64)?;
        Some(below + (above - below) * position.fract())
    }

    /// The value that so many others precede in ascending order; `None` past
    /// the end. The first and the last one are exact.
    pub fn order_statistic(&self, preceding: u64) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        if preceding > last {
            return None;
        }
        let (min, max) = (self.0.min()?, self.0.max()?);
        if preceding == 0 {
            return Some(min);
        }
        if preceding == last {
            return Some(max);
        }
        // The sketch rounds `probability * last` down: half a step more makes
        // it the order statistic asked for, whatever the rounding.
        let probability = (preceding as f64 + 0.5) / last as f64;
        let value = self.0.quantile(probability).ok().flatten()?;
        Some(value.clamp(min, max))
    }

    /// The sketch as bytes, in the format that DataDog's sketch libraries for
    /// other languages read too.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_java_bytes()
    }

    /// The sketch that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`CorruptSketch`] if the bytes are none, or one of another error bound.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CorruptSketch> {
        let stored = DDSketch::from_java_bytes(bytes).map_err(|_| CorruptSketch)?;
        // Merging checks the parameters; an empty store counts as one of ours.
        let mut sketch = Self::default();
        sketch.0.merge(&stored).map_err(|_| CorruptSketch)?;
        Ok(sketch)
    }
}

impl Default for QuantileSketch {
    fn default() -> Self {
        Self(DDSketch::new(Self::config()))
    }
}

impl PartialEq for QuantileSketch {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl fmt::Debug for QuantileSketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuantileSketch").field("count", &self.count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sketch(values: &[f64]) -> QuantileSketch {
        let mut sketch = QuantileSketch::default();
        values.iter().for_each(|v| sketch.add(*v));
        sketch
    }

    #[test]
    fn an_empty_sketch_has_no_quantiles() {
        assert_eq!(QuantileSketch::default().quantile(0.5), None);
    }

    #[test]
    fn foreign_bytes_are_refused() {
        assert_eq!(QuantileSketch::from_bytes(b"").unwrap_err(), CorruptSketch);
        assert_eq!(QuantileSketch::from_bytes(b"\xff\xff\xff").unwrap_err(), CorruptSketch);
        let coarse = DDSketch::new(Config::new(0.05, 2048, 1e-9)).to_java_bytes();
        assert_eq!(QuantileSketch::from_bytes(&coarse).unwrap_err(), CorruptSketch);
    }

    proptest! {
        #[test]
        fn every_order_statistic_is_within_the_error(
            mut values in prop::collection::vec(1e-6_f64..1e6, 1..200),
        ) {
            let sketch = sketch(&values);
            values.sort_by(f64::total_cmp);
            for (preceding, truth) in values.iter().enumerate() {
                let found = sketch.order_statistic(preceding as u64).unwrap();
                prop_assert!((found / truth - 1.0).abs() <= 0.01 + 1e-12, "{found} for {truth}");
            }
            prop_assert_eq!(sketch.order_statistic(values.len() as u64), None);
        }

        #[test]
        fn bytes_give_the_same_sketch_back(values in prop::collection::vec(0_f64..1e6, 0..100)) {
            let sketch = sketch(&values);
            prop_assert_eq!(QuantileSketch::from_bytes(&sketch.to_bytes()).unwrap(), sketch);
        }
    }
}
