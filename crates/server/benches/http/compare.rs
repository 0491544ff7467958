use std::fmt;

use benchmark_domain::{Contender, Llm, LlmName, Statistic};

/// Measures two things in the order A B B A, so many times: a machine whose
/// speed drifts slows both alike.
pub(crate) fn pairs<T>(rounds: usize, one: impl Fn() -> T, other: impl Fn() -> T) -> Vec<(T, T)> {
    let mut pairs = Vec::with_capacity(2 * rounds);
    for _ in 0..rounds {
        let (a, b) = (one(), other());
        let (c, d) = (other(), one());
        pairs.extend([(a, b), (d, c)]);
    }
    pairs
}

/// Ratios, shown as their median and the 95 % interval of their mean.
pub(crate) struct Ratios(pub(crate) Vec<f64>);

impl Ratios {
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() % 2 {
            1 => sorted[middle],
            _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
        }
    }
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = LlmName::parse("ratio").map_err(|_| fmt::Error)?;
        let interval = Contender::from_samples(Llm { name, provider: None }, &self.0)
            .ok()
            .and_then(|ratios| ratios.estimate(Statistic::Mean)?.interval)
            .ok_or(fmt::Error)?;
        let between = format!("({:.3} .. {:.3})", interval.low, interval.high);
        write!(f, "{:>9.3} {between:>22}", self.median())
    }
}
