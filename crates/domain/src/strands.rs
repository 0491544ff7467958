/// Folds numbers in strands side by side, so that no step waits for the one
/// before. Each strand begins with `start`; what they come to is joined.
pub(crate) fn fold(
    values: &[f64],
    start: f64,
    step: impl Fn(f64, f64) -> f64,
    join: impl Fn(f64, f64) -> f64,
) -> f64 {
    let (rows, rest) = values.as_chunks::<8>();
    let mut strands = [start; 8];
    for row in rows {
        for (strand, value) in strands.iter_mut().zip(row) {
            *strand = step(*strand, *value);
        }
    }
    let rest = rest.iter().copied().fold(start, step);
    strands.into_iter().fold(rest, join)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_folded_once() {
        for length in 0..40 {
            let values: Vec<_> = (1..=length).map(f64::from).collect();
            let sum = fold(&values, 0.0, |sum, value| sum + value, |a, b| a + b);
            assert_eq!(sum, f64::from(length * (length + 1) / 2));
            let greatest = fold(&values, 0.0, f64::max, f64::max);
            assert_eq!(greatest, f64::from(length));
        }
    }
}
