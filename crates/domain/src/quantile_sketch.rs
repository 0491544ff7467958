use std::fmt;
use std::sync::LazyLock;

use sketches_ddsketch::{Config, DDSketch};
use thiserror::Error;

use crate::bins::Bins;

/// A mergeable sketch of a distribution of non-negative values: DDSketch
/// (Masson, Rim and Lee, VLDB 2019), relative error at most
/// [1 %](Self::RELATIVE_ERROR).
///
/// Values below 1e-9 count as zero. Where the largest value is more than 1e17
/// times the smallest, the smallest ones are told apart no longer.
#[derive(Clone)]
pub struct QuantileSketch(DDSketch);

/// Some values of one bin.
struct Gathered {
    bin: i32,
    count: u64,
    sum: f64,
}

impl Gathered {
    const NONE: Self = Self { bin: 0, count: 0, sum: 0.0 };
}

/// Where values fall that are not zero; larger ones are looked up one by one.
static BINS: LazyLock<Bins> =
    LazyLock::new(|| Bins::between(QuantileSketch::ZERO, 1e12, &QuantileSketch::config()));

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

    /// What counts as zero, and all below it.
    const ZERO: f64 = 1e-9;

    fn config() -> Config {
        Config::new(Self::RELATIVE_ERROR, 2048, Self::ZERO)
    }

    /// Takes in one value, finite and not negative.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.add(value);
    }

    /// Takes in values that come together. Those of one bin, which many of them
    /// share, are handed over together: what costs time is finding a bin. A value
    /// within rounding of the edge of a bin may count in the one beside it. The ends
    /// are the least and the greatest of them.
    pub(crate) fn add_all(&mut self, values: &[f64], (least, greatest): (f64, f64)) {
        let at = |end: f64| values.iter().position(|value| *value == end);
        let (least, greatest) = (at(least), at(greatest));
        let mut gathered = [const { Gathered::NONE }; 64];
        for (at, value) in values.iter().copied().enumerate() {
            // The sketch tells the first and the last value exactly.
            let bin = BINS.of(value).filter(|_| Some(at) != least && Some(at) != greatest);
            let Some(bin) = bin else {
                self.add(value);
                continue;
            };
            let of_bin = &mut gathered[bin as usize % 64];
            if of_bin.bin != bin {
                self.add_gathered(of_bin);
                *of_bin = Gathered { bin, ..Gathered::NONE };
            }
            of_bin.count += 1;
            of_bin.sum += value;
        }
        gathered.iter().for_each(|of_bin| self.add_gathered(of_bin));
    }

    fn add_gathered(&mut self, of_bin: &Gathered) {
        if of_bin.count > 0 {
            self.add_repeated(of_bin.sum / of_bin.count as f64, of_bin.count);
        }
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
        let ends = sketch.0.min().zip(sketch.0.max());
        let are_ends = |(min, max): (f64, f64)| 0.0 <= min && min <= max && max.is_finite();
        let is_whole = if sketch.count() == 0 { true } else { ends.is_some_and(are_ends) };
        if is_whole { Ok(sketch) } else { Err(CorruptSketch) }
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
    fn bytes_with_another_byte_are_refused_or_give_a_sketch_that_answers() {
        let bytes = sketch(&[0.1, 0.2, 5.0, 0.0]).to_bytes();
        let mut refused = 0;
        for at in 0..bytes.len() {
            for byte in [0, 1, 127, 194, 255] {
                let mut other = bytes.clone();
                other[at] = byte;
                match QuantileSketch::from_bytes(&other) {
                    Ok(sketch) => _ = [0.0, 0.5, 1.0].map(|place| sketch.quantile(place)),
                    Err(CorruptSketch) => refused += 1,
                }
            }
        }
        assert!(refused > 0);
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
        fn together_or_one_by_one_is_the_same(
            values in prop::collection::vec(prop_oneof![0_f64..1e-8, 0.01_f64..0.03, 0_f64..1e12], 0..300),
        ) {
            let mut together = QuantileSketch::default();
            let ends = (
                values.iter().copied().fold(f64::INFINITY, f64::min),
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            );
            together.add_all(&values, ends);
            let one_by_one = sketch(&values);
            prop_assert_eq!(together.count(), one_by_one.count());
            for preceding in 0..=together.count() {
                let found = together.order_statistic(preceding);
                prop_assert_eq!(found, one_by_one.order_statistic(preceding));
            }
        }

        #[test]
        fn bytes_give_the_same_sketch_back(values in prop::collection::vec(0_f64..1e6, 0..100)) {
            let sketch = sketch(&values);
            prop_assert_eq!(QuantileSketch::from_bytes(&sketch.to_bytes()).unwrap(), sketch);
        }
    }
}
