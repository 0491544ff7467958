use std::f64::consts::SQRT_2;

use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc;

use crate::estimate::{CONFIDENCE, Estimate, Uncertainty, z_critical};
use crate::metric::Direction;

/// How many others of a ranking one LLM can be told apart from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many are significantly better.
    pub better: usize,
    /// How many are significantly worse.
    pub worse: usize,
}

/// Welch's t-test of one difference (Welch, Biometrika, 1947).
#[derive(Debug, Clone, Copy)]
pub(crate) struct WelchTest {
    t_squared: f64,
    degrees_of_freedom: f64,
}

impl WelchTest {
    /// The test of `difference` between two estimates of this uncertainty.
    pub(crate) fn new(difference: f64, a: &Uncertainty, b: &Uncertainty) -> Self {
        Terms::new(a).test(difference, &Terms::new(b))
    }

    /// The difference in standard errors, without its sign.
    pub(crate) fn t(&self) -> f64 {
        self.t_squared.sqrt()
    }

    pub(crate) fn degrees_of_freedom(&self) -> f64 {
        self.degrees_of_freedom
    }

    /// The two-sided p-value.
    pub(crate) fn p_value(&self) -> f64 {
        let (t2, df) = (self.t_squared, self.degrees_of_freedom);
        if t2.is_nan() {
            return 1.0; // no difference, and no doubt about it
        }
        if t2.is_infinite() {
            return 0.0;
        }
        if df > NORMAL_FROM {
            let (_, upper) = self.squared_deviate_bounds();
            let deviate = upper.sqrt() * (1.0 - 2.0 / (8.0 * df + 3.0));
            return erfc(deviate / SQRT_2);
        }
        beta_reg(df / 2.0, 0.5, df / (df + t2))
    }

    /// The squares of two normal deviates between which the one lies that has
    /// this test's p-value: for u² = df ln(1 + t²/df) and df > 1/2 they are
    /// (1 - 1/(2 df)) u² and u² (Wallace, Annals of Mathematical Statistics,
    /// 1959). They decide most pairs without a p-value.
    fn squared_deviate_bounds(&self) -> (f64, f64) {
        let (t2, df) = (self.t_squared, self.degrees_of_freedom);
        let upper = if df.is_infinite() { t2 } else { df * (t2 / df).ln_1p() };
        ((1.0 - 0.5 / df) * upper, upper)
    }
}

/// How far rounding may carry a bound or a critical point.
const SLACK: f64 = 1e-9;

/// From here on Wallace's other approximation, u (8 df + 1) / (8 df + 3), gives
/// p-values to 1e-9 (relative), where the incomplete beta function loses digits.
const NORMAL_FROM: f64 = 1e6;

/// What a test needs of one side, computed once per side and not per pair.
#[derive(Debug, Clone, Copy)]
struct Terms {
    variance: f64,
    variance_squared_per_df: f64,
}

impl Terms {
    fn new(uncertainty: &Uncertainty) -> Self {
        let variance = uncertainty.standard_error * uncertainty.standard_error;
        Self {
            variance,
            variance_squared_per_df: variance * variance / uncertainty.degrees_of_freedom,
        }
    }

    #[inline]
    fn test(&self, difference: f64, other: &Self) -> WelchTest {
        let variance = self.variance + other.variance;
        let squared_per_df = self.variance_squared_per_df + other.variance_squared_per_df;
        WelchTest {
            t_squared: difference * difference / variance,
            // Satterthwaite; two exact values (0 / 0) make a normal test.
            degrees_of_freedom: if squared_per_df > 0.0 {
                variance * variance / squared_per_df
            } else {
                f64::INFINITY
            },
        }
    }
}

/// Tests every pair of estimates by Welch's t-test, adjusts by Holm's method
/// (Scandinavian Journal of Statistics, 1979) to a family-wise error of 5 %,
/// and counts for each estimate the others that are significantly better and
/// worse. An estimate of unknown uncertainty differs from none.
///
/// The cost is quadratic: two million pairs take tens of milliseconds, and eight
/// bytes for each that its neighbours have to decide.
pub fn standings(estimates: &[Estimate], direction: Direction) -> Vec<Standing> {
    let mut standings = vec![Standing::default(); estimates.len()];
    let terms: Vec<_> = estimates.iter().map(|e| e.uncertainty.as_ref().map(Terms::new)).collect();
    let test = |a: usize, b: usize| {
        Some(terms[a]?.test(estimates[a].value - estimates[b].value, &terms[b]?))
    };
    let pairs = estimates.len() * estimates.len().saturating_sub(1) / 2;
    let mut holm = Holm::new(pairs);
    let mut record = |a: usize, b: usize| {
        let a_is_better = direction.compare(estimates[a].value, estimates[b].value).is_lt();
        let (better, worse) = if a_is_better { (a, b) } else { (b, a) };
        standings[better].worse += 1;
        standings[worse].better += 1;
    };
    for a in 0..estimates.len() {
        for b in a + 1..estimates.len() {
            if test(a, b).is_some_and(|test| holm.offer(a, b, test)) {
                record(a, b);
            }
        }
    }
    holm.finish(test, record);
    standings
}

/// Holm's step-down procedure over a known number of tests.
///
/// With r rejections known, every test with p <= α / (m - r) is rejected too.
/// Repeating that until nothing more is rejected gives exactly the rejections
/// of the sorted procedure, and needs a p-value only for the few tests that
/// the bounds of the normal deviate leave open.
struct Holm {
    tests: usize,
    rejected: usize,
    certain_above: f64,
    hopeless_below: f64,
    /// The pairs whose tests are not decided. The tests themselves would take
    /// seven times the memory, and are soon made again.
    open: Vec<(u32, u32)>,
}

impl Holm {
    const ERROR: f64 = 1.0 - CONFIDENCE;
    /// Rounds after which the rest is sorted: an adversary could make every
    /// round reject a single test.
    const MAX_ROUNDS: usize = 64;

    fn new(tests: usize) -> Self {
        Self {
            tests,
            rejected: 0,
            certain_above: z_critical(Self::ERROR / tests.max(1) as f64).powi(2) * (1.0 + SLACK),
            hopeless_below: z_critical(Self::ERROR).powi(2) * (1.0 - SLACK),
            open: Vec::new(),
        }
    }

    /// Whether the test is rejected whatever the others say; if it may still
    /// be, it is kept for [`finish`](Self::finish).
    #[inline]
    fn offer(&mut self, a: usize, b: usize, test: WelchTest) -> bool {
        // Student's t has heavier tails than the normal distribution. NaN is
        // what two equal exact values give.
        if test.t_squared <= self.hopeless_below || test.t_squared.is_nan() {
            return false;
        }
        let (low, high) = test.squared_deviate_bounds();
        if low > self.certain_above {
            self.rejected += 1;
            return true;
        }
        if high > self.hopeless_below {
            self.open.push((a as u32, b as u32));
        }
        false
    }

    /// Calls `record` with every further rejected pair; `test` makes the tests
    /// again that were offered.
    fn finish(
        mut self,
        test: impl Fn(usize, usize) -> Option<WelchTest>,
        mut record: impl FnMut(usize, usize),
    ) {
        let test = |(a, b): (u32, u32)| test(a as usize, b as usize);
        for _ in 0..Self::MAX_ROUNDS {
            let before = self.rejected;
            let level = Self::ERROR / (self.tests - before).max(1) as f64;
            let deviate = z_critical(level).powi(2);
            let is_rejected = |test: WelchTest| {
                let (low, high) = test.squared_deviate_bounds();
                low > deviate * (1.0 + SLACK)
                    || (high > deviate * (1.0 - SLACK) && test.p_value() <= level)
            };
            self.open.retain(|&(a, b)| {
                let reject = test((a, b)).is_some_and(is_rejected);
                if reject {
                    self.rejected += 1;
                    record(a as usize, b as usize);
                }
                !reject
            });
            if self.rejected == before {
                return;
            }
        }
        let p_value = |pair| test(pair).map(|test| (test.p_value(), pair));
        let mut rest: Vec<_> = self.open.iter().copied().filter_map(p_value).collect();
        rest.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
        for (p_value, (a, b)) in rest {
            if p_value > Self::ERROR / (self.tests - self.rejected) as f64 {
                return;
            }
            self.rejected += 1;
            record(a as usize, b as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn estimate(value: f64, standard_error: f64, degrees_of_freedom: f64) -> Estimate {
        Estimate::new(value, Some(Uncertainty { standard_error, degrees_of_freedom }))
    }

    /// Holm's method as its paper has it: sort all p-values, step down.
    fn textbook(estimates: &[Estimate]) -> Vec<Standing> {
        let mut tests = vec![];
        for (a, x) in estimates.iter().enumerate() {
            for (b, y) in estimates.iter().enumerate().skip(a + 1) {
                let (u, v) = (x.uncertainty.unwrap(), y.uncertainty.unwrap());
                tests.push((WelchTest::new(x.value - y.value, &u, &v).p_value(), a, b));
            }
        }
        tests.sort_by(|x, y| x.0.total_cmp(&y.0));
        let mut standings = vec![Standing::default(); estimates.len()];
        for (k, (p, a, b)) in tests.iter().enumerate() {
            if *p > 0.05 / (tests.len() - k) as f64 {
                break;
            }
            let a_first = estimates[*a].value < estimates[*b].value;
            let (better, worse) = if a_first { (*a, *b) } else { (*b, *a) };
            standings[better].worse += 1;
            standings[worse].better += 1;
        }
        standings
    }

    #[test]
    fn p_values_are_those_of_students_t() {
        // 2 * scipy.stats.t.sf(t, df)
        for (t, df, p) in [
            (2.0, 10.0, 0.073_388_034_770_740_37),
            (1.0, 1.0, 0.5),
            (5.0, 3.0, 0.015_392_438_073_302_294),
            (40.0, 200.0, 2.248_739_653_520_219_7e-97),
            (5.0, 1e7, 5.733_128_075_008_54e-7),
            (8.0, 1e12, 1.244_192_116_167_947_3e-15),
        ] {
            let test = WelchTest { t_squared: t * t, degrees_of_freedom: df };
            assert!((test.p_value() / p - 1.0).abs() < 1e-9, "{t} {df}: {}", test.p_value());
        }
    }

    #[test]
    fn two_equal_exact_values_do_not_differ() {
        let estimates = [estimate(1.0, 0.0, 1.0), estimate(1.0, 0.0, 1.0)];
        assert_eq!(standings(&estimates, Direction::LowerIsBetter), [Standing::default(); 2]);
    }

    #[test]
    fn one_test_a_round_is_sorted_in_the_end() {
        // p-values just inside each step's level: every round frees one more.
        let tests = 200;
        let mut holm = Holm::new(tests);
        let mut rejected = 0;
        let test = |k: usize| {
            let p = 0.999 * Holm::ERROR / (tests - k) as f64;
            WelchTest { t_squared: z_critical(p).powi(2), degrees_of_freedom: f64::INFINITY }
        };
        for k in 0..tests {
            rejected += usize::from(holm.offer(k, k + 1, test(k)));
        }
        holm.finish(|k, _| Some(test(k)), |_, _| rejected += 1);
        assert_eq!(rejected, tests);
    }

    proptest! {
        #[test]
        fn the_normal_deviate_lies_between_its_bounds(t in 0.01_f64..30.0, df in 1.0_f64..500.0) {
            let test = WelchTest { t_squared: t * t, degrees_of_freedom: df };
            let p = test.p_value();
            prop_assume!(p > 1e-290);
            let (low, high) = test.squared_deviate_bounds();
            let deviate = z_critical(p).powi(2);
            prop_assert!(low <= deviate * (1.0 + 1e-7), "{low} {deviate}");
            prop_assert!(deviate <= high * (1.0 + 1e-7), "{deviate} {high}");
        }

        #[test]
        fn the_short_cut_decides_as_the_textbook_does(
            field in prop::collection::vec((0.5_f64..2.0, 0.01_f64..0.3, 1.0_f64..50.0), 0..25),
        ) {
            let estimates: Vec<_> = field.into_iter().map(|(v, se, df)| estimate(v, se, df)).collect();
            let found = standings(&estimates, Direction::LowerIsBetter);
            prop_assert_eq!(found, textbook(&estimates));
        }
    }
}
