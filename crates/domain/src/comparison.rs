use crate::contender::Contender;
use crate::estimate::{CONFIDENCE, ConfidenceInterval, Estimate, Uncertainty};
use crate::llm::{Llm, LlmId};
use crate::metric::Direction;
use crate::more_runs::{MoreRunsUnknown, Replicated, more_runs};
use crate::ranking::Tier;
use crate::ratio::ratio_interval;
use crate::run::Requests;
use crate::significance::WelchTest;
use crate::statistic::Statistic;

/// How LLMs differ in one statistic of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Those whose runs tell the statistic, in the order they were given.
    pub llms: Vec<ComparedLlm>,
    /// Each two of them, in the same order.
    pub pairs: Vec<ComparedPair>,
}

/// One LLM of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedLlm {
    /// Who.
    pub llm: Llm,
    /// Its value, in the metric's unit, and how sure that is.
    pub estimate: Estimate,
    /// Whether fewer than three runs tell it, so that how far runs lie apart is
    /// not known, or nothing tells how sure it is.
    pub provisional: bool,
    /// Whether it failed more than half of its requests.
    pub tier: Tier,
    /// How many samples are behind it, as far as its runs tell.
    pub sample_count: u64,
    /// How many runs are behind it.
    pub run_count: usize,
    /// The requests of all its runs on the workload in the window.
    pub requests: Requests,
}

/// How two LLMs differ.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedPair {
    /// The first one.
    pub first: LlmId,
    /// The second one.
    pub second: LlmId,
    /// The first one's value, in the metric's unit.
    pub first_value: f64,
    /// The second one's value.
    pub second_value: f64,
    /// Second - first.
    pub difference: f64,
    /// The 95 % confidence interval of the difference, of this pair alone.
    /// `None` where too little is known.
    pub difference_interval: Option<ConfidenceInterval>,
    /// Second / first; `None` where the first one's value is 0.
    pub ratio: Option<f64>,
    /// The 95 % confidence interval of the ratio, of this pair alone, by
    /// Fieller's theorem. `None` where too little is known, and where the first
    /// one's value may be 0.
    pub ratio_interval: Option<ConfidenceInterval>,
    /// The two-sided p-value of Welch's t-test, adjusted by Holm's method over
    /// all pairs of the comparison. `None` where too little is known.
    pub p_value: Option<f64>,
    /// Whether either of them is provisional.
    pub provisional: bool,
    /// How many more runs of each would separate them by 5 %: so that the test
    /// finds a true difference of 5 % of the better value with a probability of
    /// 80 %, at 5 % among all pairs (Bonferroni's share of it for this one).
    pub more_runs: Result<u32, MoreRunsUnknown>,
}

impl ComparedPair {
    /// Whether the difference is significant at 5 % family-wise; not if too
    /// little is known.
    pub fn is_significant(&self) -> bool {
        self.p_value.is_some_and(|p| p <= 1.0 - CONFIDENCE)
    }
}

/// Compares each two of some LLMs by a statistic of one metric on one workload.
///
/// Values, intervals and tests are those of [`rank`](crate::rank) among the same
/// LLMs, but that one which failed most of its requests is compared like the
/// others, and marked.
pub fn compare(direction: Direction, statistic: Statistic, contenders: &[Contender]) -> Comparison {
    let sides: Vec<_> = contenders.iter().filter_map(|it| Side::new(it, statistic)).collect();
    let tests = sides.len() * sides.len().saturating_sub(1) / 2;
    let mut pairs = Vec::with_capacity(tests);
    for (at, first) in sides.iter().enumerate() {
        for second in &sides[at + 1..] {
            pairs.push(pair(direction, tests, first, second));
        }
    }
    adjust(&mut pairs);
    Comparison { llms: sides.into_iter().map(|side| side.compared).collect(), pairs }
}

struct Side {
    compared: ComparedLlm,
    replicated: Result<Replicated, MoreRunsUnknown>,
}

impl Side {
    fn new(contender: &Contender, statistic: Statistic) -> Option<Self> {
        let estimate = contender.estimate(statistic)?;
        let compared = ComparedLlm {
            llm: contender.llm.clone(),
            estimate,
            provisional: contender.is_provisional(statistic, &estimate),
            tier: Tier::of(contender.requests),
            sample_count: contender.sample_count(),
            run_count: contender.runs.len(),
            requests: contender.requests,
        };
        let replicated = Replicated::new(contender, statistic, &estimate);
        Some(Self { compared, replicated })
    }
}

/// How two of them differ, in a family of so many tests. Its p-value is not
/// adjusted yet.
fn pair(direction: Direction, tests: usize, first: &Side, second: &Side) -> ComparedPair {
    let (a, b) = (&first.compared.estimate, &second.compared.estimate);
    let difference = b.value - a.value;
    let tested = a.uncertainty.zip(b.uncertainty).map(|(of_a, of_b)| {
        let error = of_a.standard_error.hypot(of_b.standard_error);
        (error, WelchTest::new(difference, &of_a, &of_b))
    });
    let level = (1.0 - CONFIDENCE) / tests as f64;
    let more_runs = match (&first.replicated, &second.replicated) {
        (Ok(first), Ok(second)) => more_runs(direction, level, first, second),
        (Err(unknown), _) | (_, Err(unknown)) => Err(*unknown),
    };
    ComparedPair {
        first: first.compared.llm.id(),
        second: second.compared.llm.id(),
        first_value: a.value,
        second_value: b.value,
        difference,
        difference_interval: tested.map(|(standard_error, test)| {
            let degrees_of_freedom = test.degrees_of_freedom();
            Uncertainty { standard_error, degrees_of_freedom }.interval(difference)
        }),
        ratio: (a.value > 0.0).then(|| b.value / a.value),
        ratio_interval: tested
            .and_then(|(_, test)| ratio_interval(a, b, test.degrees_of_freedom())),
        p_value: tested.map(|(_, test)| test.p_value()),
        provisional: first.compared.provisional || second.compared.provisional,
        more_runs,
    }
}

/// Adjusts p-values by Holm's method (Scandinavian Journal of Statistics, 1979):
/// the k-th smallest of m is multiplied by m - k + 1, and none is smaller than
/// the one before.
fn adjust(pairs: &mut [ComparedPair]) {
    let tests = pairs.len();
    let mut known: Vec<_> = pairs.iter_mut().filter_map(|pair| pair.p_value.as_mut()).collect();
    known.sort_unstable_by(|a, b| a.total_cmp(b));
    let mut least: f64 = 0.0;
    for (at, p_value) in known.into_iter().enumerate() {
        least = least.max(*p_value * (tests - at) as f64).min(1.0);
        *p_value = least;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::LlmName;
    use crate::significance::{Standing, standings};
    use proptest::prelude::*;

    fn contender(name: &str, samples: &[f64]) -> Contender {
        let llm = Llm { name: LlmName::parse(name).unwrap(), provider: None };
        Contender::from_samples(llm, samples).unwrap()
    }

    /// An LLM with a run of two samples around each of these means.
    fn runs(name: &str, means: &[f64]) -> Contender {
        let mut runs = means.iter().map(|mean| contender(name, &[mean - 0.01, mean + 0.01]));
        let mut all = runs.next().unwrap();
        runs.for_each(|more| all.runs.merge(&more.runs));
        all
    }

    fn by_mean(contenders: &[Contender]) -> Comparison {
        compare(Direction::LowerIsBetter, Statistic::Mean, contenders)
    }

    fn two(first: &[f64], second: &[f64]) -> ComparedPair {
        by_mean(&[contender("a", first), contender("b", second)]).pairs.remove(0)
    }

    fn assert_interval(found: Option<ConfidenceInterval>, low: f64, high: f64) {
        let found = found.unwrap();
        assert!((found.low - low).abs() < 1e-9 && (found.high - high).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_difference_comes_with_its_interval_and_p_value() {
        let pair =
            two(&[27.5, 21.0, 19.0, 23.6, 17.0, 17.9], &[27.1, 22.0, 20.8, 23.4, 23.4, 23.5]);
        // The figures were computed with scipy's ttest_ind(equal_var=False).
        assert!((pair.difference - 2.366_666_666_666_667).abs() < 1e-12);
        assert!((pair.p_value.unwrap() - 0.234_861_751_989_111_55).abs() < 1e-9, "{pair:?}");
        assert_interval(pair.difference_interval, -1.900_512_649_468_953_3, 6.633_845_982_802_295);
        assert!(!pair.is_significant());
        assert!(pair.provisional);
        // The roots of Fieller's quadratic, computed with numpy.
        assert!((pair.ratio.unwrap() - 1.112_698_412_698_413).abs() < 1e-12);
        assert_interval(pair.ratio_interval, 0.921_756_974_991_393_5, 1.377_515_619_948_239_7);
    }

    #[test]
    fn what_does_not_vary_does_not_tell_how_sure_it_is() {
        for other in [[2.0, 2.0], [1.0, 1.0], [2.0, 2.1]] {
            let pair = two(&[1.0, 1.0], &other);
            assert_eq!((pair.difference_interval, pair.p_value), (None, None), "{other:?}");
            assert!(pair.provisional);
        }
    }

    #[test]
    fn a_single_sample_tells_no_significance() {
        let pair = two(&[1.0], &[2.0, 2.1]);
        assert_eq!(
            (pair.difference_interval, pair.ratio_interval, pair.p_value),
            (None, None, None)
        );
        assert!(!pair.is_significant());
        assert_eq!(pair.more_runs, Err(MoreRunsUnknown::TooFewRuns));
    }

    #[test]
    fn there_is_no_ratio_to_nothing() {
        let pair = two(&[0.0, 0.0], &[2.0, 2.1]);
        assert_eq!((pair.ratio, pair.ratio_interval), (None, None));
    }

    #[test]
    fn three_runs_tell_how_many_more_would_separate_them() {
        let (one, other) = (runs("a", &[1.0, 1.02, 0.98]), runs("b", &[1.05, 1.01, 1.09]));
        let comparison = by_mean(&[one.clone(), other.clone()]);
        let alone = comparison.pairs[0].more_runs.unwrap();
        assert!(!comparison.pairs[0].provisional);
        assert!((1..20).contains(&alone), "{alone}");
        // Among more tests each is held to less.
        let among_three = by_mean(&[one, other, runs("c", &[1.0, 1.1, 1.2])]);
        assert!(among_three.pairs[0].more_runs.unwrap() > alone);
    }

    #[test]
    fn each_two_are_compared_in_the_order_given() {
        let named = [contender("c", &[1.0]), contender("a", &[2.0]), contender("b", &[3.0])];
        let comparison = by_mean(&named);
        let names: Vec<_> = comparison.llms.iter().map(|it| it.llm.name.as_str()).collect();
        assert_eq!(names, ["c", "a", "b"]);
        let [c, a, b] = named.map(|contender| contender.llm.id());
        let pairs: Vec<_> = comparison.pairs.iter().map(|pair| (pair.first, pair.second)).collect();
        assert_eq!(pairs, [(c, a), (c, b), (a, b)]);
    }

    #[test]
    fn whose_runs_do_not_tell_the_statistic_is_left_out() {
        // Eight samples tell a median, two do not.
        let eight = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7];
        let contenders = [contender("a", &[1.0, 2.0]), contender("b", &eight)];
        let comparison = compare(Direction::LowerIsBetter, Statistic::P50, &contenders);
        assert_eq!((comparison.llms.len(), comparison.pairs.len()), (1, 0));
        assert_eq!(by_mean(&[]).pairs, []);
    }

    proptest! {
        #[test]
        fn who_differs_significantly_here_does_so_in_a_ranking(
            field in prop::collection::vec(prop::collection::vec(0.1_f64..3.0, 1..6), 2..8)
        ) {
            let named = |(i, samples): (usize, &Vec<f64>)| contender(&format!("llm-{i}"), samples);
            let contenders: Vec<_> = field.iter().enumerate().map(named).collect();
            let comparison = by_mean(&contenders);
            let estimates: Vec<_> = comparison.llms.iter().map(|it| it.estimate).collect();
            let expected = standings(&estimates, Direction::LowerIsBetter);
            for (compared, expected) in comparison.llms.iter().zip(expected) {
                let id = compared.llm.id();
                let mut found = Standing::default();
                for pair in comparison.pairs.iter().filter(|pair| pair.is_significant()) {
                    let is_worse = (pair.first == id && pair.difference < 0.0)
                        || (pair.second == id && pair.difference > 0.0);
                    if pair.first == id || pair.second == id {
                        *if is_worse { &mut found.better } else { &mut found.worse } += 1;
                    }
                }
                prop_assert_eq!(found, expected);
            }
        }
    }
}
