/// Values as bars of eight heights, from the least value to the greatest: at most
/// `width` of them, each of which stands for the last of as many values.
pub(crate) fn sparkline(values: &[f64], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let each = values.len().div_ceil(width.max(1)).max(1);
    let shown = values.rchunks(each).rev().filter_map(|chunk| chunk.last());
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: &f64| {
        let height = (value - least) / (greatest - least);
        // Where all are equal there is no height: NaN.
        let height = if height.is_nan() { 0.5 } else { height };
        BARS[(height * (BARS.len() - 1) as f64).round() as usize]
    };
    shown.map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_and_the_greatest_have_the_lowest_and_the_highest_bar() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 40), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[0.9, 0.1, 0.5], 40), "█▁▅");
    }

    #[test]
    fn equal_values_have_equal_bars() {
        assert_eq!(sparkline(&[3.0, 3.0], 40), "▅▅");
        assert_eq!(sparkline(&[], 40), "");
    }

    #[test]
    fn many_values_fit_the_width_and_the_last_one_is_shown() {
        let values: Vec<_> = (0..1000).map(f64::from).collect();
        let line = sparkline(&values, 40);
        assert_eq!(line.chars().count(), 40);
        assert!(line.starts_with('▁') && line.ends_with('█'), "{line}");
    }
}
