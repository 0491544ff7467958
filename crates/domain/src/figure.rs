use std::fmt;

/// A number as people read it, `0.2279`, `185.4` or `12346`: with four significant
/// digits, fewer below 1e-12, and never in exponents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure(pub f64);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SIGNIFICANT: i32 = 4;
        let Self(value) = *self;
        if value == 0.0 {
            return f.write_str("0");
        }
        let magnitude = value.abs().log10().floor() as i32;
        let decimals = (SIGNIFICANT - 1 - magnitude).clamp(0, 15).unsigned_abs() as usize;
        write!(f, "{value:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_significant_digits() {
        let cases = [
            (0.0, "0"),
            (0.000_012_344, "0.00001234"),
            (0.227_86, "0.2279"),
            (185.4007, "185.4"),
            (12_345.6, "12346"),
            (1.0, "1.000"),
        ];
        for (value, text) in cases {
            assert_eq!(Figure(value).to_string(), text);
        }
    }
}
