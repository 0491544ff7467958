use crate::contender::Contender;
use crate::estimate::{CONFIDENCE, ConfidenceInterval, Estimate, Uncertainty};
use crate::significance::WelchTest;
use crate::statistic::Statistic;

/// How two LLMs differ in one statistic of one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The first one's value and how sure it is.
    pub first: Estimate,
    /// The second one's value and how sure it is.
    pub second: Estimate,
    /// Second - first, in the metric's unit.
    pub difference: f64,
    /// The 95 % confidence interval of the difference, where enough is known.
    pub interval: Option<ConfidenceInterval>,
    /// The two-sided p-value of Welch's t-test, where enough is known. Not
    /// adjusted: it answers one question about one pair.
    pub p_value: Option<f64>,
}

impl Comparison {
    /// Whether the difference is significant at 5 %; not if too little is known.
    pub fn is_significant(&self) -> bool {
        self.p_value.is_some_and(|p| p <= 1.0 - CONFIDENCE)
    }
}

/// Compares two LLMs; `None` where the runs of one do not tell the statistic.
pub fn compare(statistic: Statistic, first: &Contender, second: &Contender) -> Option<Comparison> {
    let (first, second) = (first.estimate(statistic)?, second.estimate(statistic)?);
    let difference = second.value - first.value;
    let tested = first.uncertainty.zip(second.uncertainty).map(|(a, b)| {
        let test = WelchTest::new(difference, &a, &b);
        let error = Uncertainty {
            standard_error: a.standard_error.hypot(b.standard_error),
            degrees_of_freedom: test.degrees_of_freedom(),
        };
        (error.interval(difference), test.p_value())
    });
    let (interval, p_value) = tested.unzip();
    Some(Comparison { first, second, difference, interval, p_value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{Llm, LlmName};

    fn contender(samples: &[f64]) -> Contender {
        let llm = Llm { name: LlmName::parse("x").unwrap(), provider: None };
        Contender::from_samples(llm, samples).unwrap()
    }

    #[test]
    fn a_difference_comes_with_its_interval_and_p_value() {
        let a = contender(&[27.5, 21.0, 19.0, 23.6, 17.0, 17.9]);
        let b = contender(&[27.1, 22.0, 20.8, 23.4, 23.4, 23.5]);
        let found = compare(Statistic::Mean, &a, &b).unwrap();
        // The figures were computed with scipy's ttest_ind(equal_var=False).
        assert!((found.difference - 2.366_666_666_666_667).abs() < 1e-12);
        assert!((found.p_value.unwrap() - 0.234_861_751_989_111_55).abs() < 1e-9, "{found:?}");
        let interval = found.interval.unwrap();
        assert!((interval.low - -1.900_512_649_468_953_3).abs() < 1e-9);
        assert!((interval.high - 6.633_845_982_802_295).abs() < 1e-9);
        assert!(!found.is_significant());
    }

    #[test]
    fn what_varies_in_neither_differs_significantly() {
        let found = compare(Statistic::Mean, &contender(&[1.0, 1.0]), &contender(&[2.0, 2.0]));
        assert!(found.unwrap().is_significant());
        let same = compare(Statistic::Mean, &contender(&[1.0, 1.0]), &contender(&[1.0, 1.0]));
        assert!(!same.unwrap().is_significant());
    }

    #[test]
    fn a_single_sample_tells_no_significance() {
        let found = compare(Statistic::Mean, &contender(&[1.0]), &contender(&[2.0, 2.1])).unwrap();
        assert_eq!((found.interval, found.p_value), (None, None));
        assert!(!found.is_significant());
    }
}
