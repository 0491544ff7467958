use statrs::distribution::{ContinuousCDF, Normal};
use thiserror::Error;

use crate::contender::Contender;
use crate::estimate::{CONFIDENCE, Estimate, Uncertainty, t_critical, z_critical};
use crate::metric::Direction;
use crate::quantile_sketch::QuantileSketch;
use crate::significance::WelchTest;
use crate::statistic::Statistic;

/// Why it is not known how many more runs would separate two LLMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoreRunsUnknown {
    /// One of them has fewer than [`Contender::REPLICATED_FROM`] runs.
    #[error("fewer than three runs of one of them do not tell how far its runs lie apart")]
    TooFewRuns,
    /// One of them has runs of which only the value is known.
    #[error("the runs of one of them do not tell how sure its value is")]
    NoUncertainty,
    /// The better value is 0, and so is every part of it.
    #[error("the better value is 0, and 5 % of it are nothing to be separated by")]
    NothingToDetect,
    /// More than anybody would make.
    #[error("more than {} runs", MAX)]
    TooMany,
}

/// The most runs that are told.
const MAX: u32 = 10_000;

/// The true difference that the runs are to show, as a share of the better value.
const SHARE: f64 = 0.05;

/// How probably they are to show it.
const POWER: f64 = 0.8;

/// How sure the value of one LLM is, and how sure it would be after more runs.
pub(crate) struct Replicated {
    value: f64,
    runs: f64,
    degrees_of_freedom: f64,
    /// The part of its squared error that falls with the number of runs.
    falling: f64,
    /// The part that stays: what the sketch of a percentile may be off by.
    staying: f64,
}

impl Replicated {
    pub(crate) fn new(
        contender: &Contender,
        statistic: Statistic,
        estimate: &Estimate,
    ) -> Result<Self, MoreRunsUnknown> {
        let runs = contender.replications(statistic);
        if runs < Contender::REPLICATED_FROM {
            return Err(MoreRunsUnknown::TooFewRuns);
        }
        let Uncertainty { standard_error, degrees_of_freedom } =
            estimate.uncertainty.ok_or(MoreRunsUnknown::NoUncertainty)?;
        let squared_error = standard_error * standard_error;
        let sketched = contender.runs.sketch().count() > 0;
        let staying = if sketched && statistic.probability().is_some() {
            let off = QuantileSketch::RELATIVE_ERROR * estimate.value;
            (off / z_critical(1.0 - CONFIDENCE)).powi(2).min(squared_error)
        } else {
            0.0
        };
        Ok(Self {
            value: estimate.value,
            runs: runs as f64,
            degrees_of_freedom,
            falling: squared_error - staying,
            staying,
        })
    }

    fn after(&self, more: u32) -> Uncertainty {
        let more = f64::from(more);
        let squared_error = self.staying + self.falling * self.runs / (self.runs + more);
        Uncertainty {
            standard_error: squared_error.sqrt(),
            degrees_of_freedom: self.degrees_of_freedom + more,
        }
    }
}

/// How many more runs of each of two LLMs would separate them by 5 %: with so
/// many, Welch's test at the two-sided `level` finds a true difference of 5 % of
/// the better value with a probability of 80 %, if later runs scatter like those
/// there are.
///
/// A difference of d standard errors is found with probability P(T' > t), where
/// t is the critical point and T' has the noncentral t distribution with
/// noncentrality d. By Abramowitz and Stegun, 26.7.10, that is 80 % where
///
/// ```text
/// d = t (1 - 1 / (4 ν)) + z sqrt(1 + t² / (2 ν)),    z = Φ⁻¹(0.8),
/// ```
///
/// within a hundredth of a probability from ν = 4 degrees of freedom on. The
/// squared error of a value falls with the number of its runs. The answer is the
/// least number of runs for which the difference is that many errors.
pub(crate) fn more_runs(
    direction: Direction,
    level: f64,
    first: &Replicated,
    second: &Replicated,
) -> Result<u32, MoreRunsUnknown> {
    let first_is_better = direction.compare(first.value, second.value).is_le();
    let better = if first_is_better { first.value } else { second.value };
    if better == 0.0 {
        return Err(MoreRunsUnknown::NothingToDetect);
    }
    let shows_it = |more| {
        let test = WelchTest::new(SHARE * better, &first.after(more), &second.after(more));
        test.t() >= noncentrality(level, test.degrees_of_freedom())
    };
    if !shows_it(MAX) {
        return Err(MoreRunsUnknown::TooMany);
    }
    let (mut least, mut enough) = (0, MAX);
    while least < enough {
        let middle = u32::midpoint(least, enough);
        if shows_it(middle) {
            enough = middle;
        } else {
            least = middle + 1;
        }
    }
    Ok(enough)
}

/// How many standard errors a difference must have to be found with [`POWER`].
fn noncentrality(level: f64, degrees_of_freedom: f64) -> f64 {
    let t = t_critical(level, degrees_of_freedom);
    let spread = (1.0 + t * t / (2.0 * degrees_of_freedom)).sqrt();
    t * (1.0 - 0.25 / degrees_of_freedom) + Normal::standard().inverse_cdf(POWER) * spread
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many runs, of which each is off by so much.
    fn replicated(value: f64, runs: f64, standard_deviation: f64) -> Replicated {
        Replicated {
            value,
            runs,
            degrees_of_freedom: runs - 1.0,
            falling: standard_deviation * standard_deviation / runs,
            staying: 0.0,
        }
    }

    fn found(level: f64, first: &Replicated, second: &Replicated) -> Result<u32, MoreRunsUnknown> {
        more_runs(Direction::LowerIsBetter, level, first, second)
    }

    #[test]
    fn the_noncentrality_gives_four_fifths_of_power() {
        // Where scipy.stats.nct.sf(t, nu, noncentrality) is 0.8, t two-sided at
        // the level.
        for (level, nu, exact) in [
            (0.05, 4.0, 3.761_060),
            (0.05, 10.0, 3.109_971),
            (0.05 / 3.0, 6.0, 4.295_853),
            (0.05 / 45.0, 30.0, 4.503_922),
        ] {
            let found = noncentrality(level, nu);
            assert!((found / exact - 1.0).abs() < 0.01, "{level} {nu}: {found}");
        }
    }

    #[test]
    fn the_more_runs_scatter_the_more_are_needed() {
        // By the exact noncentral t distribution: the least n of each for which
        // the power at a difference of 0.05 is 80 %, less the three there are.
        for (deviation, more) in [(0.01, 0), (0.02, 1), (0.05, 14), (0.1, 61)] {
            let one = replicated(1.0, 3.0, deviation);
            let other = replicated(1.3, 3.0, deviation);
            assert_eq!(found(0.05, &one, &other), Ok(more), "{deviation}");
        }
    }

    #[test]
    fn a_larger_family_needs_more_runs() {
        let (one, other) = (replicated(1.0, 3.0, 0.05), replicated(1.3, 3.0, 0.05));
        let [alone, of_45] = [0.05, 0.05 / 45.0].map(|level| found(level, &one, &other).unwrap());
        assert!(of_45 > alone, "{of_45} {alone}");
    }

    #[test]
    fn the_better_value_is_the_one_to_tell_five_percent_of() {
        let (small, large) = (replicated(1.0, 3.0, 0.05), replicated(4.0, 3.0, 0.05));
        let [lower, higher] = [Direction::LowerIsBetter, Direction::HigherIsBetter]
            .map(|direction| more_runs(direction, 0.05, &small, &large).unwrap());
        assert!(higher < lower, "{higher} {lower}");
    }

    #[test]
    fn what_no_number_of_runs_tells_is_unknown() {
        let (none, one) = (replicated(0.0, 3.0, 0.05), replicated(1.0, 3.0, 0.05));
        assert_eq!(found(0.05, &none, &one), Err(MoreRunsUnknown::NothingToDetect));
        let wild = replicated(1.0, 3.0, 100.0);
        assert_eq!(found(0.05, &wild, &one), Err(MoreRunsUnknown::TooMany));
    }

    #[test]
    fn runs_that_do_not_scatter_are_enough() {
        assert_eq!(found(0.05, &replicated(1.0, 3.0, 0.0), &replicated(1.0, 3.0, 0.0)), Ok(0));
    }
}
