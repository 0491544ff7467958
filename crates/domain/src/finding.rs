use crate::figure::Figure;
use crate::measurement::{Measurement, ReportedSummary};
use crate::metric::{MetricName, metrics};
use crate::run::Run;
use crate::statistic::Statistic;

/// One thing to be said against a run's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub code: FindingCode,
    /// How grave it is.
    pub severity: Severity,
    /// What was found, in one sentence.
    pub message: String,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A reader should know.
    Notice,
    /// The run is not ranked.
    Unrankable,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 2] = [Self::Notice, Self::Unrankable];

    /// `notice` or `unrankable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Unrankable => "unrankable",
        }
    }

    /// The severity that [`as_str`](Self::as_str) writes so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingCode {
    /// A metric has fewer samples than a percentile
    /// [needs](Statistic::min_samples).
    FewSamples,
    /// More than a tenth of the requests failed.
    Errors,
    /// A first token after no time at all: failures stored as zeros, or a clock
    /// that was not started. Unrankable where most of them are such.
    ZeroTtft,
    /// The first token came about when the answer was complete. Unrankable where
    /// all others came with it, which makes neither TTFT nor what is counted from
    /// it what it is called.
    NotStreamed,
    /// Less than half or more than twice as many output tokens as were asked
    /// for: other work than the workload's.
    OutputLength,
    /// The mean lies above the 99th percentile: a few requests decide it.
    /// Unrankable where a tool reported figures of which that cannot be, for
    /// their maximum or for two units in one file.
    MeanAboveP99,
    /// The last token came before the first one.
    TimeBackwards,
}

impl FindingCode {
    /// Every code.
    pub const ALL: [Self; 7] = [
        Self::FewSamples,
        Self::Errors,
        Self::ZeroTtft,
        Self::NotStreamed,
        Self::OutputLength,
        Self::MeanAboveP99,
        Self::TimeBackwards,
    ];

    /// The code as it is shown and stored, such as `few_samples`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FewSamples => "few_samples",
            Self::Errors => "errors",
            Self::ZeroTtft => "zero_ttft",
            Self::NotStreamed => "not_streamed",
            Self::OutputLength => "output_length",
            Self::MeanAboveP99 => "mean_above_p99",
            Self::TimeBackwards => "time_backwards",
        }
    }

    /// The code that [`as_str`](Self::as_str) writes so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// What a run shows of it.
    pub(crate) fn look_for(self, run: &Run) -> Option<(Severity, String)> {
        match self {
            Self::FewSamples => few_samples(run),
            Self::Errors => errors(run),
            Self::ZeroTtft => zero_ttft(run),
            Self::NotStreamed => not_streamed(run),
            Self::OutputLength => output_length(run),
            Self::MeanAboveP99 => mean_above_p99(run),
            Self::TimeBackwards => time_backwards(run),
        }
    }
}

/// The metrics of which a run has one value, and not one a request.
const ONE_A_RUN: [MetricName; 3] = [metrics::SYSTEM_TPS, metrics::RPS, metrics::ERROR_RATE];

fn few_samples(run: &Run) -> Option<(Severity, String)> {
    let lacking = run.measurements().iter().filter_map(|(metric, measurement)| {
        let count = measurement.count().filter(|_| !ONE_A_RUN.contains(metric))?;
        let untold = Statistic::ALL.into_iter().find(|it| count < it.min_samples())?;
        let or_above = if untold == Statistic::P99 { "" } else { " or above" };
        let needed = untold.min_samples();
        Some(format!("{metric} has {count} samples, and {untold}{or_above} needs {needed}"))
    });
    let lacking: Vec<_> = lacking.collect();
    (!lacking.is_empty()).then(|| (Severity::Notice, lacking.join("; ")))
}

fn errors(run: &Run) -> Option<(Severity, String)> {
    let (attempted, failed) = (run.requests.attempted(), run.requests.failed());
    let tenth_failed = failed > attempted / 10;
    tenth_failed.then(|| (Severity::Notice, format!("{failed} of {attempted} requests failed")))
}

fn zero_ttft(run: &Run) -> Option<(Severity, String)> {
    let ttft = run.measurements().get(&metrics::TTFT)?;
    let [min, median] = [minimum(ttft), ttft.quantiles().p50];
    let is_zero = |value: Option<f64>| value == Some(0.0);
    if is_zero(Some(ttft.mean())) || is_zero(median) {
        let message = "most first tokens came after no time at all";
        return Some((Severity::Unrankable, message.to_owned()));
    }
    let message = || "some first tokens came after no time at all".to_owned();
    is_zero(min).then(|| (Severity::Notice, message()))
}

/// From this share of the end-to-end latency on, the first token came about when
/// the whole answer did.
const WHOLE_ANSWER: f64 = 0.98;

/// Seconds that nothing generates a token in: what comes faster was held back and
/// sent together.
const NO_TIME: f64 = 1e-4;

fn not_streamed(run: &Run) -> Option<(Severity, String)> {
    let [ttft, latency] = [mean(run, &metrics::TTFT)?, mean(run, &metrics::E2E_LATENCY)?];
    let tokens = output_tokens(run)
        .or_else(|| run.workload.conditions.output_tokens.map(f64::from))
        .unwrap_or(f64::INFINITY);
    let at_once = ttft >= WHOLE_ANSWER * latency && ttft <= latency && ttft > 0.0;
    if !at_once || tokens < 1.5 {
        return None;
    }
    // A long wait before a short answer has such a share too, and the slowest
    // endpoint shall not vanish: only the pace of the tokens after it tells.
    let severity = match tokens.is_finite() && latency - ttft < NO_TIME * (tokens - 1.0) {
        true => Severity::Unrankable,
        false => Severity::Notice,
    };
    let (first, last) = (Figure(ttft), Figure(latency));
    let found = format!("TTFT is {first} s of {last} s end to end");
    Some(match severity {
        Severity::Unrankable => (severity, format!("{found}: the answers were not streamed")),
        Severity::Notice => (severity, format!("{found}: the answers may not have been streamed")),
    })
}

fn output_length(run: &Run) -> Option<(Severity, String)> {
    let asked = run.workload.conditions.output_tokens.filter(|tokens| *tokens > 0)?;
    let found = output_tokens(run)?;
    let ratio = found / f64::from(asked);
    (!(0.5..=2.0).contains(&ratio)).then(|| {
        let message = format!("about {found:.0} output tokens a request, {asked} were asked for");
        (Severity::Notice, message)
    })
}

fn mean_above_p99(run: &Run) -> Option<(Severity, String)> {
    let many = run.measurements().iter().filter(|(metric, _)| !ONE_A_RUN.contains(metric));
    let above = many.filter_map(|(metric, measurement)| {
        let (mean, p99) = (measurement.mean(), measurement.quantiles().p99?);
        let message = || {
            let (mean, p99) = (Figure(mean), Figure(p99));
            format!("the mean of {metric}, {mean}, lies above its p99, {p99}")
        };
        match measurement {
            // Of a sketch, the percentile may be a hundredth off.
            Measurement::Sampled(_) => (mean > p99 * 1.01).then(|| (Severity::Notice, message())),
            Measurement::Reported(figures) => {
                let severity = match figures.max.zip(figures.count) {
                    Some((max, count)) if mean > greatest_mean(p99, max, count) => {
                        Severity::Unrankable
                    }
                    None if p99 > 0.0 && mean > ABSURD * p99 => Severity::Unrankable,
                    _ => Severity::Notice,
                };
                (mean > p99 * FEW_DIGITS).then(|| (severity, message()))
            }
        }
    });
    let (severities, messages): (Vec<_>, Vec<_>) = above.unzip();
    Some((severities.into_iter().max()?, messages.join("; ")))
}

/// As far as a figure may be off because tools write few digits.
const FEW_DIGITS: f64 = 1.001;

/// From so many times the 99th percentile on, a mean is one of another unit.
const ABSURD: f64 = 100.0;

/// The greatest mean of so many values, of which a hundredth lies above the 99th
/// percentile, and one or two more where a tool interpolates, and none above the
/// maximum.
fn greatest_mean(p99: f64, max: f64, count: u64) -> f64 {
    let above = (0.01 + 2.0 / count as f64).min(1.0);
    ((1.0 - above) * p99 + above * max) * FEW_DIGITS
}

fn time_backwards(run: &Run) -> Option<(Severity, String)> {
    let ttft = run.measurements().get(&metrics::TTFT)?;
    let latency = run.measurements().get(&metrics::E2E_LATENCY)?;
    // Figures of different requests need not be in order.
    if ttft.count() != latency.count() {
        return None;
    }
    let figures = [
        ("least", minimum(ttft), minimum(latency)),
        ("mean", Some(ttft.mean()), Some(latency.mean())),
        ("greatest", maximum(ttft), maximum(latency)),
    ];
    figures.into_iter().find_map(|(which, first, last)| {
        let (first, last) = (first?, last?);
        (last * FEW_DIGITS < first).then(|| {
            let (first, last) = (Figure(first), Figure(last));
            let message =
                format!("the {which} E2E_LATENCY, {last} s, is below the {which} TTFT, {first} s");
            (Severity::Unrankable, message)
        })
    })
}

fn mean(run: &Run, metric: &MetricName) -> Option<f64> {
    run.measurements().get(metric).map(Measurement::mean)
}

/// Mean output tokens of a successful request: exact where the throughputs of
/// the whole system are known, near enough by those of single requests.
fn output_tokens(run: &Run) -> Option<f64> {
    let quotient = || {
        let requests = mean(run, &metrics::RPS).filter(|rate| *rate > 0.0)?;
        Some(mean(run, &metrics::SYSTEM_TPS)? / requests)
    };
    quotient().or_else(|| Some(mean(run, &metrics::TPS)? * mean(run, &metrics::E2E_LATENCY)?))
}

fn minimum(measurement: &Measurement) -> Option<f64> {
    match measurement {
        Measurement::Sampled(summary) => summary.min(),
        Measurement::Reported(ReportedSummary { min, .. }) => *min,
    }
}

fn maximum(measurement: &Measurement) -> Option<f64> {
    match measurement {
        Measurement::Sampled(summary) => summary.max(),
        Measurement::Reported(ReportedSummary { max, .. }) => *max,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::llm::{Llm, LlmName};
    use crate::measurement::Quantiles;
    use crate::run::{Requests, RunParts, Source};
    use crate::summary::Summary;
    use crate::verdict::{Grade, Verdict};
    use crate::workload::Workload;

    fn sampled(samples: &[f64]) -> Measurement {
        Measurement::sampled(Summary::from_samples(samples).unwrap()).unwrap()
    }

    /// As many samples as every percentile needs, from 1 to 2 times the least.
    fn many(least: f64) -> Measurement {
        let samples: Vec<_> = (0..400).map(|at| least * (1.0 + f64::from(at) / 400.0)).collect();
        sampled(&samples)
    }

    fn reported(mean: f64) -> ReportedSummary {
        ReportedSummary { count: Some(400), ..ReportedSummary::of_mean(mean) }
    }

    fn run(failed: u64, measured: impl IntoIterator<Item = (MetricName, Measurement)>) -> Run {
        run_asked_for(None, failed, measured)
    }

    fn run_asked_for(
        output_tokens: Option<u32>,
        failed: u64,
        measured: impl IntoIterator<Item = (MetricName, Measurement)>,
    ) -> Run {
        let mut workload = Workload::default();
        workload.conditions.output_tokens = output_tokens;
        Run::new(RunParts {
            llm: Llm { name: LlmName::parse("a").unwrap(), provider: None },
            workload,
            source: Source::Push,
            started_at: chrono::DateTime::UNIX_EPOCH,
            tool: None,
            requests: Requests::new(400 + failed, failed).unwrap(),
            measurements: BTreeMap::from_iter(measured),
            provenance: None,
        })
        .unwrap()
    }

    fn found(run: &Run) -> Vec<(FindingCode, Severity)> {
        let findings = Verdict::of(run).findings;
        findings.iter().map(|finding| (finding.code, finding.severity)).collect()
    }

    #[test]
    fn nothing_is_to_be_said_against_a_good_run() {
        let good = run(40, [(metrics::TTFT, many(0.2)), (metrics::E2E_LATENCY, many(2.0))]);
        assert_eq!(Verdict::of(&good), Verdict { grade: Grade::Ok, findings: vec![] });
    }

    #[test]
    fn too_few_samples_are_told_with_how_many_there_are() {
        let few = run(0, [(metrics::TTFT, sampled(&[0.2; 50])), (metrics::RPS, sampled(&[3.0]))]);
        let verdict = Verdict::of(&few);
        assert_eq!(verdict.grade, Grade::Notice);
        assert_eq!(verdict.findings[0].message, "TTFT has 50 samples, and p95 or above needs 72");
    }

    #[test]
    fn a_rate_of_errors_has_no_percentile_to_lie_above() {
        assert_eq!(found(&run(2, [(metrics::TTFT, many(0.2))])), []);
    }

    #[test]
    fn more_than_a_tenth_of_errors_is_told() {
        let ttft = || [(metrics::TTFT, many(0.2))];
        assert_eq!(found(&run(44, ttft())), []);
        assert_eq!(found(&run(45, ttft())), [(FindingCode::Errors, Severity::Notice)]);
    }

    #[test]
    fn most_first_tokens_after_no_time_are_no_measurement() {
        let with_zeros = |zeros: usize| {
            let samples: Vec<_> = (0..400).map(|at| if at < zeros { 0.0 } else { 0.2 }).collect();
            found(&run(0, [(metrics::TTFT, sampled(&samples))]))
        };
        assert_eq!(with_zeros(0), []);
        assert_eq!(with_zeros(1), [(FindingCode::ZeroTtft, Severity::Notice)]);
        assert_eq!(with_zeros(250), [(FindingCode::ZeroTtft, Severity::Unrankable)]);
        let none = run(0, [(metrics::TTFT, Measurement::Reported(reported(0.0)))]);
        assert_eq!(found(&none), [(FindingCode::ZeroTtft, Severity::Unrankable)]);
    }

    #[test]
    fn an_answer_that_came_at_once_was_not_streamed() {
        let at_once = || [(metrics::TTFT, many(1.999)), (metrics::E2E_LATENCY, many(2.0))];
        let of_many_tokens = run_asked_for(Some(150), 0, at_once());
        assert_eq!(found(&of_many_tokens), [(FindingCode::NotStreamed, Severity::Unrankable)]);
        // Of how many, is not known.
        assert_eq!(found(&run(0, at_once())), [(FindingCode::NotStreamed, Severity::Notice)]);
        // Of one token the first is the last.
        assert_eq!(found(&run_asked_for(Some(1), 0, at_once())), []);
    }

    #[test]
    fn a_long_wait_before_a_short_answer_is_no_more_than_a_notice() {
        // 50 tokens, 20 ms apart, after a minute in a queue.
        let queued = [(metrics::TTFT, many(60.0)), (metrics::E2E_LATENCY, many(61.0))];
        let queued = run_asked_for(Some(50), 0, queued);
        assert_eq!(found(&queued), [(FindingCode::NotStreamed, Severity::Notice)]);
    }

    #[test]
    fn an_output_of_another_length_is_told() {
        let measured = || {
            let rates = [(metrics::RPS, 2.0), (metrics::SYSTEM_TPS, 200.0)];
            rates.map(|(metric, rate)| (metric, sampled(&[rate])))
        };
        assert_eq!(found(&run_asked_for(Some(150), 0, measured())), []);
        let short = found(&run_asked_for(Some(201), 0, measured()));
        assert_eq!(short, [(FindingCode::OutputLength, Severity::Notice)]);
    }

    /// What is found in figures of 400 requests with this p99.
    fn found_above(p99: f64, mean: f64, max: Option<f64>) -> Vec<(FindingCode, Severity)> {
        let quantiles = Quantiles { p99: Some(p99), ..Quantiles::default() };
        let figures = ReportedSummary { max, quantiles, ..reported(mean) };
        found(&run(0, [(metrics::TTFT, Measurement::Reported(figures))]))
    }

    #[test]
    fn a_few_requests_that_stalled_are_no_more_than_a_notice() {
        let mut heavy = vec![0.2; 399];
        heavy.push(1000.0);
        let sampled = run(0, [(metrics::TTFT, sampled(&heavy))]);
        assert_eq!(found(&sampled), [(FindingCode::MeanAboveP99, Severity::Notice)]);
        // 3 of 400 took a minute, the others 0.3 s.
        let mean = (3.0 * 60.0 + 397.0 * 0.3) / 400.0;
        for max in [Some(60.0), None] {
            let found = found_above(0.3, mean, max);
            assert_eq!(found, [(FindingCode::MeanAboveP99, Severity::Notice)], "{max:?}");
        }
    }

    #[test]
    fn a_mean_that_the_maximum_or_any_unit_rules_out_is_a_contradiction() {
        let unrankable = [(FindingCode::MeanAboveP99, Severity::Unrankable)];
        // Of 400 values, 6 above 0.3 and none above 1 have a mean of 0.3105 at most.
        assert_eq!(found_above(0.3, 0.32, Some(1.0)), unrankable);
        assert_eq!(found_above(0.5, 200.0, None), unrankable);
        // Nothing is nothing in any unit.
        let mostly_nothing = found_above(0.0, 200.0, None);
        assert_eq!(mostly_nothing, [(FindingCode::MeanAboveP99, Severity::Notice)]);
    }

    #[test]
    fn small_figures_are_told_with_their_digits() {
        let quantiles = Quantiles { p99: Some(2e-5), ..Quantiles::default() };
        let figures = ReportedSummary { quantiles, ..reported(3e-5) };
        let verdict = Verdict::of(&run(0, [(metrics::TPOT, Measurement::Reported(figures))]));
        let message = "the mean of TPOT, 0.00003000, lies above its p99, 0.00002000";
        assert_eq!(verdict.findings[0].message, message);
    }

    #[test]
    fn a_last_token_before_the_first_is_a_clock_that_went_backwards() {
        let backwards = run(0, [(metrics::TTFT, many(2.0)), (metrics::E2E_LATENCY, many(1.0))]);
        assert_eq!(found(&backwards), [(FindingCode::TimeBackwards, Severity::Unrankable)]);
        assert_eq!(Verdict::of(&backwards).grade, Grade::Unrankable);
        assert!(!Verdict::of(&backwards).is_rankable());
    }

    #[test]
    fn names_parse_back() {
        for code in FindingCode::ALL {
            assert_eq!(FindingCode::parse(code.as_str()), Some(code));
        }
        for grade in Grade::ALL {
            assert_eq!(Grade::parse(grade.as_str()), Some(grade));
        }
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.as_str()), Some(severity));
        }
        assert_eq!(FindingCode::parse("rumour"), None);
    }
}
