use crate::estimate::Uncertainty;
use crate::summary::Moments;

/// The values of one statistic in single runs: what tells how far runs lie
/// apart. Replicates merge: together with none they are a commutative monoid,
/// up to rounding.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Replicates {
    /// Of the values, each counted once.
    pub(crate) values: Moments,
    /// The sum of the runs' weights: their numbers of samples.
    pub(crate) weight: f64,
    /// The sum of the squares of the weights.
    pub(crate) squared_weights: f64,
    /// The mean of the values, each counted by its weight.
    pub(crate) mean: f64,
    /// How many of the values are a tool's own, of runs without samples.
    pub(crate) reported: u64,
}

impl Replicates {
    /// The value of a run of this weight, which is positive.
    pub(crate) fn of(value: f64, weight: f64) -> Self {
        Self {
            values: Moments { count: 1, mean: value, squared_deviations: 0.0 },
            weight,
            squared_weights: weight * weight,
            mean: value,
            reported: 0,
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let Self { values, weight, squared_weights, mean, reported } = other;
        if values.count == 0 {
            return;
        }
        self.values.merge(values);
        self.weight += weight;
        self.squared_weights += squared_weights;
        self.mean += (mean - self.mean) * (weight / self.weight);
        self.reported = self.reported.saturating_add(*reported);
    }

    /// How many runs there are.
    pub(crate) fn count(&self) -> u64 {
        self.values.count
    }

    /// Of the weighted mean of the runs, from how far they lie apart: with
    /// weights `w` that add up to 1 and the sample variance s² of the runs'
    /// values, the square of the error is `s² * sum(w²)`, with k - 1 degrees of
    /// freedom. For runs of equal size that is s² / k. One large run among small
    /// ones counts little more than one run: the run is the unit of replication.
    /// `None` below two runs.
    pub(crate) fn uncertainty(&self) -> Option<Uncertainty> {
        let variance = self.values.variance()?;
        let squares = self.squared_weights / (self.weight * self.weight);
        Some(Uncertainty {
            standard_error: (variance * squares).sqrt(),
            degrees_of_freedom: (self.count() - 1) as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(runs: &[(f64, f64)]) -> f64 {
        let mut all = Replicates::default();
        runs.iter().for_each(|(weight, value)| all.merge(&Replicates::of(*value, *weight)));
        all.uncertainty().unwrap().standard_error
    }

    #[test]
    fn one_large_run_does_not_hide_how_far_runs_lie_apart() {
        let equal = [(10.0, 1.0), (10.0, 2.0), (10.0, 3.0)];
        assert!((error(&equal) - (1.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let unequal = [(10_000.0, 1.0), (10.0, 2.0), (10.0, 2.1)];
        assert!(error(&unequal) > 0.5, "about as unsure as one run is");
    }

    #[test]
    fn the_mean_counts_each_run_by_its_weight() {
        let mut all = Replicates::of(1.0, 30.0);
        all.merge(&Replicates::of(2.0, 10.0));
        assert!((all.mean - 1.25).abs() < 1e-12);
    }
}
