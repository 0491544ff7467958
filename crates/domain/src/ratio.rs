use crate::estimate::{CONFIDENCE, ConfidenceInterval, Estimate, t_critical};

/// The 95 % confidence interval of `second` / `first` by Fieller's theorem
/// (Journal of the Royal Statistical Society B, 1954): every ratio r for which
/// `second - r * first` is no further from 0 than t of its standard errors, with
/// the degrees of freedom of the two's difference. It lies clear of 1 exactly
/// where that difference's interval lies clear of 0.
///
/// `None` where too little is known, and where `first` itself is not clear of 0:
/// no ratio is too large then.
pub(crate) fn ratio_interval(
    first: &Estimate,
    second: &Estimate,
    degrees_of_freedom: f64,
) -> Option<ConfidenceInterval> {
    let t = t_critical(1.0 - CONFIDENCE, degrees_of_freedom);
    let [reach, other_reach] = [first.uncertainty?, second.uncertainty?]
        .map(|uncertainty| (t * uncertainty.standard_error).powi(2));
    let (a, b) = (first.value, second.value);
    // The roots of leading * r² - 2ab * r + last.
    let (leading, last) = (a * a - reach, b * b - other_reach);
    if leading <= 0.0 {
        return None;
    }
    let root = ((a * b).powi(2) - leading * last).max(0.0).sqrt();
    Some(ConfidenceInterval {
        low: ((a * b - root) / leading).max(0.0),
        high: (a * b + root) / leading,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Uncertainty;
    use proptest::prelude::*;

    fn estimate(value: f64, standard_error: f64) -> Estimate {
        let degrees_of_freedom = 8.0;
        Estimate::new(value, Some(Uncertainty { standard_error, degrees_of_freedom }))
    }

    #[test]
    fn between_exact_values_the_ratio_is_exact() {
        let interval = ratio_interval(&estimate(2.0, 0.0), &estimate(5.0, 0.0), f64::INFINITY);
        assert_eq!(interval, Some(ConfidenceInterval { low: 2.5, high: 2.5 }));
    }

    #[test]
    fn against_what_may_be_nothing_no_ratio_is_too_large() {
        assert_eq!(ratio_interval(&estimate(1.0, 0.5), &estimate(5.0, 0.1), 8.0), None);
        assert_eq!(ratio_interval(&estimate(0.0, 0.0), &estimate(5.0, 0.1), 8.0), None);
    }

    #[test]
    fn what_is_of_unknown_uncertainty_has_no_interval() {
        assert_eq!(ratio_interval(&Estimate::new(1.0, None), &estimate(5.0, 0.1), 8.0), None);
    }

    proptest! {
        #[test]
        fn it_is_clear_of_1_where_the_difference_is_clear_of_0(
            (a, b) in (0.5_f64..2.0, 0.5_f64..2.0),
            (a_error, b_error) in (0.001_f64..0.2, 0.001_f64..0.2),
        ) {
            let (first, second) = (estimate(a, a_error), estimate(b, b_error));
            let Some(ratio) = ratio_interval(&first, &second, 8.0) else { return Ok(()) };
            let reach = t_critical(0.05, 8.0) * a_error.hypot(b_error);
            let gap = (b - a).abs() - reach;
            prop_assume!(gap.abs() > 1e-9);
            prop_assert_eq!(ratio.low > 1.0 || ratio.high < 1.0, gap > 0.0);
            prop_assert!(ratio.low <= b / a && b / a <= ratio.high);
        }
    }
}
