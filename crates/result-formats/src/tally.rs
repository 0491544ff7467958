use std::collections::BTreeMap;

use benchmark_domain::{Measurement, MetricName, Requests, Summary, metrics};

use crate::number::{self, Number};
use crate::refusal::Problem;

/// A request that succeeded, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Success<'a> {
    /// From sent to the first token; `None` where the answer was not streamed.
    pub(crate) ttft: Option<f64>,
    /// From sent to the last token, above zero.
    pub(crate) e2e_latency: f64,
    /// How many tokens came, where known.
    pub(crate) output_tokens: Option<u64>,
    /// Between one chunk and the next, where known.
    pub(crate) gaps: Option<&'a [f64]>,
}

/// What the requests of a run add up to under the domain's definitions, request
/// by request: how many there are costs no memory.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    ttft: Summary,
    tpot: Summary,
    itl: Summary,
    e2e_latency: Summary,
    tps: Summary,
    attempted: u64,
    failed: u64,
    output_tokens: u64,
    /// Requests of which the number of tokens is unknown.
    uncounted: u64,
    /// Requests that were not streamed.
    unstreamed: u64,
    /// Requests that brought several tokens in one chunk.
    bundled: u64,
    /// Requests that told when they were sent and over.
    timed: u64,
    /// From the first request's start to the last one's end, on any clock.
    window: Option<(f64, f64)>,
}

impl Tally {
    pub(crate) fn fail(&mut self) {
        self.attempted += 1;
        self.failed += 1;
    }

    /// Takes in a request that succeeded, or says what in it cannot be.
    pub(crate) fn succeed(&mut self, request: Success<'_>) -> Result<(), Problem> {
        let Success { ttft, e2e_latency, output_tokens, gaps } = request;
        self.attempted += 1;
        let e2e_latency = positive(&metrics::E2E_LATENCY, e2e_latency)?;
        add(&mut self.e2e_latency, &metrics::E2E_LATENCY, e2e_latency)?;
        match output_tokens {
            Some(tokens) => {
                self.output_tokens = self.output_tokens.saturating_add(tokens);
                add(&mut self.tps, &metrics::TPS, tokens as f64 / e2e_latency)?;
            }
            None => self.uncounted += 1,
        }
        let Some(ttft) = ttft else {
            self.unstreamed += 1;
            return Ok(());
        };
        if ttft > e2e_latency {
            let excess = format_args!("{ttft} is above {}, {e2e_latency}", metrics::E2E_LATENCY);
            return Err(Problem::at(metrics::TTFT, excess));
        }
        add(&mut self.ttft, &metrics::TTFT, ttft)?;
        let Some(later_tokens) = output_tokens.and_then(|tokens| tokens.checked_sub(1)) else {
            return Ok(());
        };
        if later_tokens > 0 {
            let tpot = (e2e_latency - ttft) / later_tokens as f64;
            add(&mut self.tpot, &metrics::TPOT, tpot)?;
        }
        match gaps {
            // Only a chunk of its own tells when a token came.
            Some(gaps) if gaps.len() as u64 == later_tokens => {
                let added = self.itl.add_all(gaps);
                added.map_err(|invalid| Problem::at(metrics::ITL, invalid))?;
            }
            Some(_) => self.bundled += 1,
            None => {}
        }
        Ok(())
    }

    /// Says when a request was sent and over, in seconds: the measuring window is
    /// that of all of them.
    pub(crate) fn lasted(&mut self, start: f64, end: f64) -> Result<(), Problem> {
        if !(start.is_finite() && end.is_finite() && start <= end) {
            let what = format_args!("the request ends at {end} and starts at {start}");
            return Err(Problem::new(what));
        }
        self.timed += 1;
        self.window = Some(match self.window {
            Some((first, last)) => (first.min(start), last.max(end)),
            None => (start, end),
        });
        Ok(())
    }

    /// Says how long all requests together took, in seconds.
    pub(crate) fn all_lasted(&mut self, seconds: f64) {
        self.timed = self.attempted;
        self.window = Some((0.0, seconds));
    }

    /// Requests outside of a window that is known by others.
    fn untimed(&self) -> u64 {
        self.window.map_or(0, |_| self.attempted.saturating_sub(self.timed))
    }

    /// When the first request was sent, on the clock that was told.
    pub(crate) fn start(&self) -> Option<f64> {
        self.window.map(|(start, _)| start)
    }

    pub(crate) fn attempted(&self) -> u64 {
        self.attempted
    }

    /// How long a request that succeeded took on average, in seconds.
    pub(crate) fn mean_latency(&self) -> Option<f64> {
        self.e2e_latency.mean()
    }

    pub(crate) fn requests(&self) -> Result<Requests, Problem> {
        match Requests::new(self.attempted, self.failed) {
            Some(requests) if self.attempted > 0 => Ok(requests),
            Some(_) => Err(Problem::new("it holds no requests")),
            None => Err(Problem::new("it has more requests than can be counted")),
        }
    }

    /// How many output tokens a request brought on average, to the nearest one.
    pub(crate) fn mean_output_tokens(&self) -> Option<u32> {
        let mean = self.output_tokens as f64 / self.tps.count() as f64;
        (self.tps.count() > 0 && mean <= f64::from(u32::MAX)).then(|| mean.round() as u32)
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        [
            (self.unstreamed, "Requests without TTFT and TPOT, since they were not streamed"),
            (self.uncounted, "Requests without TPOT and TPS, since their tokens were not counted"),
            (
                self.bundled,
                "Requests left out of ITL, since their tokens did not each come in a chunk of \
                 their own",
            ),
            (
                self.untimed(),
                "RPS and SYSTEM_TPS are left out, since requests do not tell when they were sent",
            ),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{what}: {count}."))
        .collect()
    }

    /// The metrics of which there are samples.
    pub(crate) fn into_measurements(self) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
        let succeeded = self.e2e_latency.count();
        let window = self.window.filter(|_| self.untimed() == 0);
        let mut summaries = vec![
            (metrics::TTFT, self.ttft),
            (metrics::TPOT, self.tpot),
            (metrics::ITL, self.itl),
            (metrics::E2E_LATENCY, self.e2e_latency),
            (metrics::TPS, self.tps),
        ];
        let seconds = window.map_or(0.0, |(start, end)| end - start);
        if seconds > 0.0 {
            summaries.push((metrics::RPS, of_one(&metrics::RPS, succeeded as f64 / seconds)?));
            if self.uncounted == 0 {
                let tps = self.output_tokens as f64 / seconds;
                summaries.push((metrics::SYSTEM_TPS, of_one(&metrics::SYSTEM_TPS, tps)?));
            }
        }
        let measured = |(metric, summary)| Some((metric, Measurement::sampled(summary).ok()?));
        Ok(summaries.into_iter().filter_map(measured).collect())
    }
}

fn positive(metric: &MetricName, value: f64) -> Result<f64, Problem> {
    number::positive(metric.as_str(), Some(Number(value)))
}

fn add(summary: &mut Summary, metric: &MetricName, value: f64) -> Result<(), Problem> {
    summary.add(value).map_err(|invalid| Problem::at(metric, invalid))
}

fn of_one(metric: &MetricName, value: f64) -> Result<Summary, Problem> {
    Summary::from_samples(&[value]).map_err(|invalid| Problem::at(metric, invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAPS: [f64; 2] = [0.1, 0.3];
    const OK: Success<'_> =
        Success { ttft: Some(0.2), e2e_latency: 0.6, output_tokens: Some(3), gaps: Some(&GAPS) };

    fn means(requests: &[Success<'_>]) -> BTreeMap<MetricName, f64> {
        let mut tally = Tally::default();
        requests.iter().for_each(|request| tally.succeed(*request).unwrap());
        let measurements = tally.into_measurements().unwrap();
        measurements.iter().map(|(metric, measured)| (metric.clone(), measured.mean())).collect()
    }

    fn problem(request: Success<'_>) -> String {
        Tally::default().succeed(request).unwrap_err().into()
    }

    #[test]
    fn a_request_is_measured_as_the_metrics_are_defined() {
        let means = means(&[OK]);
        let expected = [
            (metrics::E2E_LATENCY, 0.6),
            (metrics::ITL, 0.2),
            (metrics::TPOT, 0.2),
            (metrics::TPS, 5.0),
            (metrics::TTFT, 0.2),
        ];
        assert_eq!(means.len(), expected.len());
        for (metric, value) in expected {
            assert!((means[&metric] - value).abs() < 1e-12, "{metric}: {}", means[&metric]);
        }
    }

    #[test]
    fn what_a_request_does_not_tell_is_not_measured() {
        let silent = Success { ttft: None, output_tokens: None, gaps: None, ..OK };
        assert_eq!(means(&[silent]).into_keys().collect::<Vec<_>>(), [metrics::E2E_LATENCY]);
        let one_token = Success { output_tokens: Some(1), gaps: None, ..OK };
        assert!(!means(&[one_token]).contains_key(&metrics::TPOT));
    }

    #[test]
    fn tokens_that_came_together_have_no_gaps_of_their_own() {
        let mut tally = Tally::default();
        tally.succeed(Success { output_tokens: Some(4), ..OK }).unwrap();
        assert!(tally.notes()[0].starts_with("Requests left out of ITL"), "{:?}", tally.notes());
        assert!(!tally.into_measurements().unwrap().contains_key(&metrics::ITL));
    }

    #[test]
    fn rates_are_over_the_window_from_the_first_start_to_the_last_end() {
        let mut tally = Tally::default();
        for (start, end) in [(100.0, 101.0), (99.0, 100.0), (102.0, 103.0)] {
            tally.succeed(OK).unwrap();
            tally.lasted(start, end).unwrap();
        }
        assert_eq!(tally.start(), Some(99.0));
        let measurements = tally.into_measurements().unwrap();
        assert_eq!(measurements[&metrics::RPS].mean(), 0.75);
        assert_eq!(measurements[&metrics::SYSTEM_TPS].mean(), 2.25);
    }

    #[test]
    fn there_is_no_rate_where_only_some_requests_tell_their_time() {
        let mut tally = Tally::default();
        (0..3).for_each(|_| tally.succeed(OK).unwrap());
        tally.lasted(100.0, 101.0).unwrap();
        assert!(tally.notes()[0].ends_with("when they were sent: 2."), "{:?}", tally.notes());
        let measurements = tally.into_measurements().unwrap();
        for metric in [metrics::RPS, metrics::SYSTEM_TPS] {
            assert!(!measurements.contains_key(&metric), "{metric}");
        }
    }

    #[test]
    fn failures_are_counted_and_never_samples() {
        let mut tally = Tally::default();
        tally.succeed(OK).unwrap();
        tally.fail();
        assert_eq!(tally.requests().unwrap(), Requests::new(2, 1).unwrap());
        assert_eq!(tally.into_measurements().unwrap()[&metrics::TTFT].count(), Some(1));
    }

    #[test]
    fn a_request_that_cannot_be_is_refused_by_its_metric() {
        let late = Success { ttft: Some(0.7), ..OK };
        assert_eq!(problem(late), "TTFT: 0.7 is above E2E_LATENCY, 0.6");
        let timeless = Success { e2e_latency: 0.0, ..OK };
        assert_eq!(problem(timeless), "E2E_LATENCY: 0 is not above 0");
        let backwards = Success { gaps: Some(&[0.5, -0.1]), ..OK };
        assert_eq!(problem(backwards), "ITL: -0.1 is negative");
        assert!(Tally::default().lasted(2.0, 1.0).is_err());
    }
}
