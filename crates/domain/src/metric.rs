use std::borrow::Cow;
use std::fmt;

use crate::name::{InvalidName, bounded, free_text};

/// The name of a metric: at most 20 characters of `A-Z`, `0-9` and `_`,
/// starting with a letter. Lower case is accepted and raised.
///
/// ```
/// # use benchmark_domain::{MetricName, metrics};
/// assert_eq!(MetricName::parse("ttft")?, metrics::TTFT);
/// # Ok::<(), benchmark_domain::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricName(Cow<'static, str>);

impl MetricName {
    /// The most characters a name may have.
    pub const MAX_CHARS: usize = 20;

    /// Parses a name, whatever its case.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        const WHAT: &str = "a metric's name";
        const RULE: &str = "letters, digits and _ are allowed, a letter first";
        // The names that are asked for most need no copy, and no second look.
        if let Some(name) = metrics::NAMES.iter().find(|name| name.0.eq_ignore_ascii_case(text)) {
            return Ok(name.clone());
        }
        let text = bounded(WHAT, text, Self::MAX_CHARS)?;
        let misfit = text.char_indices().find(|&(at, c)| match c {
            'a'..='z' | 'A'..='Z' => false,
            '0'..='9' | '_' => at == 0,
            _ => true,
        });
        match misfit {
            Some((_, character)) => {
                Err(InvalidName::Forbidden { what: WHAT, character, rule: RULE })
            }
            None => Ok(Self(Cow::Owned(text.to_ascii_uppercase()))),
        }
    }

    /// The name in its canonical upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The unit of a metric's values, such as `s` or `token/s`: 1 to 20 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit(Cow<'static, str>);

impl Unit {
    /// Parses a unit.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, longer than 20 characters or has a
    /// control character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        free_text("a unit", text, 20).map(|unit| Self(Cow::Owned(unit)))
    }

    /// The unit as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which values of a metric are the better ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// A latency, say.
    LowerIsBetter,
    /// A throughput, say.
    HigherIsBetter,
}

impl Direction {
    /// `lower` or `higher`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LowerIsBetter => "lower",
            Self::HigherIsBetter => "higher",
        }
    }

    /// The direction that [`as_str`](Self::as_str) writes so.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::LowerIsBetter, Self::HigherIsBetter].into_iter().find(|d| d.as_str() == text)
    }

    /// Orders two values, the better one first.
    pub fn compare(self, a: f64, b: f64) -> std::cmp::Ordering {
        match self {
            Self::LowerIsBetter => a.total_cmp(&b),
            Self::HigherIsBetter => b.total_cmp(&a),
        }
    }
}

/// What is measured. Values under two definitions are two metrics: they are
/// never ranked together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// How the metric is asked for.
    pub name: MetricName,
    /// The unit of its values.
    pub unit: Unit,
    /// Which values are better.
    pub direction: Direction,
    /// What exactly is measured, in one sentence of 1 to 500 characters.
    definition: Cow<'static, str>,
}

impl Metric {
    /// A metric of the operator's own.
    ///
    /// # Errors
    /// [`InvalidName`] if the definition is empty, longer than 500 characters
    /// or has a control character.
    pub fn new(
        name: MetricName,
        unit: Unit,
        direction: Direction,
        definition: &str,
    ) -> Result<Self, InvalidName> {
        let definition = Cow::Owned(free_text("a metric's definition", definition, 500)?);
        Ok(Self { name, unit, direction, definition })
    }

    /// What exactly is measured, in one sentence.
    pub fn definition(&self) -> &str {
        &self.definition
    }
}

/// The built-in metrics and their names.
pub mod metrics {
    use super::{Cow, Direction, Metric, MetricName, Unit};
    use Direction::{HigherIsBetter, LowerIsBetter};

    const fn name(text: &'static str) -> MetricName {
        MetricName(Cow::Borrowed(text))
    }

    /// Time to first token, in seconds.
    pub const TTFT: MetricName = name("TTFT");
    /// Time per output token after the first, in seconds.
    pub const TPOT: MetricName = name("TPOT");
    /// Inter-token latency, in seconds.
    pub const ITL: MetricName = name("ITL");
    /// End-to-end latency, in seconds.
    pub const E2E_LATENCY: MetricName = name("E2E_LATENCY");
    /// Output tokens per second of one request.
    pub const TPS: MetricName = name("TPS");
    /// Output tokens per second of the whole system.
    pub const SYSTEM_TPS: MetricName = name("SYSTEM_TPS");
    /// Successful requests per second.
    pub const RPS: MetricName = name("RPS");
    /// Failed requests per attempted request.
    pub const ERROR_RATE: MetricName = name("ERROR_RATE");

    /// Their names, to be cloned without a copy.
    pub(super) static NAMES: [MetricName; 8] =
        [TTFT, TPOT, ITL, E2E_LATENCY, TPS, SYSTEM_TPS, RPS, ERROR_RATE];

    /// Every built-in metric, in the order of its documentation.
    pub const BUILT_IN: [Metric; 8] = [
        built_in(
            TTFT,
            "s",
            LowerIsBetter,
            "Request sent to the first non-empty content, reasoning or tool-call delta.",
        ),
        built_in(
            TPOT,
            "s",
            LowerIsBetter,
            "(t_last - t_first) / (n - n_first) for n output tokens of which n_first came in the \
             first chunk (1 where unknown); undefined where the denominator is below 1.",
        ),
        built_in(
            ITL,
            "s",
            LowerIsBetter,
            "Gap between consecutive output tokens, only where token-level times are known.",
        ),
        built_in(E2E_LATENCY, "s", LowerIsBetter, "Request sent to the last output token."),
        built_in(
            TPS,
            "token/s",
            HigherIsBetter,
            "Output tokens of a request / its end-to-end latency.",
        ),
        built_in(
            SYSTEM_TPS,
            "token/s",
            HigherIsBetter,
            "Output tokens of all successful requests / length of the measuring window.",
        ),
        built_in(
            RPS,
            "request/s",
            HigherIsBetter,
            "Successful requests / length of the measuring window.",
        ),
        built_in(ERROR_RATE, "1", LowerIsBetter, "Failed requests / attempted requests."),
    ];

    const fn built_in(
        name: MetricName,
        unit: &'static str,
        direction: Direction,
        definition: &'static str,
    ) -> Metric {
        Metric {
            name,
            unit: Unit(Cow::Borrowed(unit)),
            direction,
            definition: Cow::Borrowed(definition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_matched_whatever_their_case() {
        assert_eq!(MetricName::parse(" e2e_Latency ").unwrap(), metrics::E2E_LATENCY);
    }

    #[test]
    fn a_name_must_start_with_a_letter_and_fit_its_column() {
        assert!(MetricName::parse("2FAST").is_err());
        assert!(MetricName::parse("").is_err());
        assert!(MetricName::parse("A B").is_err());
        assert!(MetricName::parse(&"X".repeat(20)).is_ok());
        assert!(MetricName::parse(&"X".repeat(21)).is_err());
    }

    #[test]
    fn every_built_in_metric_could_have_been_parsed() {
        for metric in metrics::BUILT_IN {
            let parsed = MetricName::parse(&metric.name.as_str().to_ascii_lowercase()).unwrap();
            assert_eq!(parsed, metric.name);
            assert!(matches!(parsed.0, Cow::Borrowed(_)), "{parsed} was copied");
            assert_eq!(Unit::parse(metric.unit.as_str()).unwrap(), metric.unit);
            let again = Metric::new(
                metric.name.clone(),
                metric.unit.clone(),
                metric.direction,
                metric.definition(),
            );
            assert_eq!(again.unwrap(), metric);
        }
    }

    proptest! {
        #[test]
        fn what_a_name_displays_parses_to_it(text in "\\PC{0,24}") {
            if let Ok(name) = MetricName::parse(&text) {
                prop_assert_eq!(MetricName::parse(&name.to_string()).unwrap(), name);
            }
        }
    }
}
