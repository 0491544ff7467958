use sketches_ddsketch::Config;

/// Which bin of a sketch a value falls into, found without its logarithm.
///
/// The exponent of a floating-point number and the first bits of its mantissa
/// make cells narrower than the bins: in each of them at most one bin ends.
pub(crate) struct Bins {
    /// The number of the first cell.
    first: u64,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy)]
struct Cell {
    /// The bin at the cell's beginning.
    bin: i32,
    /// Where the next bin begins, within the cell or behind it.
    next: f64,
}

/// The bits that tell values of a cell apart: 128 cells an octave are left, less
/// than 0.8 % wide.
const BITS_WITHIN: u32 = f64::MANTISSA_DIGITS - 1 - 7;

impl Bins {
    /// The bins of values from the first cell wholly above `least` to that of
    /// `greatest`, both above zero.
    pub(crate) fn between(least: f64, greatest: f64, config: &Config) -> Self {
        let first = (least.to_bits() >> BITS_WITHIN) + 1;
        let last = greatest.to_bits() >> BITS_WITHIN;
        let cells = (first..=last).map(|cell| {
            let bin = config.key(f64::from_bits(cell << BITS_WITHIN));
            Cell { bin, next: config.pow_gamma(bin + 1) }
        });
        Self { first, cells: cells.collect() }
    }

    /// The bin of a value, or the one beside it if the value is within rounding
    /// of their edge; `None` if its cell is none of these.
    pub(crate) fn of(&self, value: f64) -> Option<i32> {
        let cell = (value.to_bits() >> BITS_WITHIN).checked_sub(self.first)?;
        let Cell { bin, next } = *self.cells.get(cell as usize)?;
        Some(bin + i32::from(value >= next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_out_of_reach_falls_nowhere() {
        let bins = Bins::between(1e-9, 1e12, &Config::new(0.01, 2048, 1e-9));
        for value in [0.0, -1.0, 1e-10, 1e-9, 2e12, f64::INFINITY] {
            assert_eq!(bins.of(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_value_falls_where_the_sketch_puts_it(exponent in -8.99_f64..12.0) {
            let config = Config::new(0.01, 2048, 1e-9);
            let bins = Bins::between(1e-9, 1e12, &config);
            let value = 10_f64.powf(exponent);
            prop_assert_eq!(bins.of(value), Some(config.key(value)));
        }
    }
}
