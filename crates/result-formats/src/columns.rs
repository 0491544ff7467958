use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::number::{self, Number};
use crate::refusal::Problem;
use crate::said::Said;
use crate::tally::{Success, Tally};

/// The requests of a run as vLLM and sglang write them: one list for each
/// field, in the same order, failed requests as zeros with an error.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) output_lens: Vec<Number>,
    /// In seconds.
    pub(crate) ttfts: Vec<Number>,
    /// Between chunks, in seconds.
    pub(crate) itls: Gaps,
    pub(crate) gaps_of: GapsOf,
    pub(crate) errors: Vec<Said>,
    /// To the last token, in seconds, where the tool writes it.
    pub(crate) latencies: Option<Vec<Number>>,
}

/// What each of the gaps between chunks is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GapsOf {
    /// A chunk, and so a token where it carried no other.
    Chunks,
    /// A token, as its share in the gap of the chunk that it came in: their sum is
    /// the time, when each token came is not told.
    SpreadTokens,
}

impl Columns {
    /// What the requests add up to, and how many failed without saying so.
    pub(crate) fn tally(&self) -> Result<(Tally, u64), Problem> {
        let Self { output_lens, ttfts, itls, gaps_of, errors, latencies } = self;
        let length = output_lens.len();
        for (column, rows) in [
            ("ttfts", ttfts.len()),
            ("itls", itls.len()),
            ("errors", errors.len()),
            ("latencies", latencies.as_ref().map_or(length, Vec::len)),
        ] {
            if rows != length {
                let what = format_args!("it has {rows} requests, output_lens has {length}");
                return Err(Problem::at(column, what));
            }
        }
        let mut tally = Tally::default();
        let mut empty = 0;
        for request in 0..length {
            let Number(ttft) = ttfts[request];
            let gaps = itls.of(request);
            let nothing_came = ttft == 0.0 && gaps.is_empty();
            if errors[request].0 || nothing_came {
                empty += u64::from(!errors[request].0);
                tally.fail();
                continue;
            }
            let e2e_latency = match latencies {
                Some(latencies) => latencies[request].0,
                None => ttft + gaps.iter().sum::<f64>(),
            };
            number::count("output_lens", Some(output_lens[request]))
                .and_then(|tokens| {
                    tally.succeed(Success {
                        ttft: Some(ttft),
                        e2e_latency,
                        output_tokens: Some(tokens),
                        gaps: (*gaps_of == GapsOf::Chunks).then_some(gaps),
                    })
                })
                .map_err(|problem| problem.within(format_args!("request {}", request + 1)))?;
        }
        Ok((tally, empty))
    }
}

/// The note on requests that failed without saying so.
pub(crate) fn note_on_empty(empty: u64) -> Option<String> {
    let note = "Requests counted as failed although they have no error, since nothing came";
    (empty > 0).then(|| format!("{note}: {empty}."))
}

/// A list of lists of numbers, laid end to end: a list of its own for each of a
/// million requests would take more memory than its numbers.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    all: Vec<f64>,
    ends: Vec<usize>,
}

impl Gaps {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn of(&self, request: usize) -> &[f64] {
        let start = request.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[request]]
    }
}

impl<'de> Deserialize<'de> for Gaps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists;

        impl<'de> Visitor<'de> for Lists {
            type Value = Gaps;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of lists of numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut lists: A) -> Result<Gaps, A::Error> {
                let mut gaps = Gaps::default();
                while let Some(()) = lists.next_element_seed(Onto(&mut gaps.all))? {
                    gaps.ends.push(gaps.all.len());
                }
                Ok(gaps)
            }
        }

        deserializer.deserialize_seq(Lists)
    }
}

/// Reads a list of numbers behind those that are there.
struct Onto<'v>(&'v mut Vec<f64>);

impl<'de> serde::de::DeserializeSeed<'de> for Onto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Onto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<(), A::Error> {
        while let Some(Number(number)) = numbers.next_element()? {
            self.0.push(number);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use benchmark_domain::{Measurement, MetricName, metrics};

    fn columns() -> Columns {
        Columns {
            output_lens: vec![Number(2.0), Number(0.0), Number(0.0)],
            ttfts: vec![Number(0.2), Number(0.0), Number(0.0)],
            itls: serde_json::from_str("[[0.1], [], []]").unwrap(),
            gaps_of: GapsOf::Chunks,
            errors: vec![Said(false), Said(true), Said(false)],
            latencies: None,
        }
    }

    #[test]
    fn zeros_are_failures_whether_or_not_they_say_so() {
        let (tally, empty) = columns().tally().unwrap();
        assert_eq!(empty, 1);
        let requests = tally.requests().unwrap();
        assert_eq!((requests.attempted(), requests.failed()), (3, 2));
        let e2e_latency = tally.into_measurements().unwrap()[&metrics::E2E_LATENCY].mean();
        assert!((e2e_latency - 0.3).abs() < 1e-12, "the gaps follow the first token");
    }

    #[test]
    fn gaps_that_were_spread_over_tokens_are_time_and_no_token_of_its_own() {
        let means = |gaps_of| {
            let (tally, _) = Columns { gaps_of, ..columns() }.tally().unwrap();
            let measured = tally.into_measurements().unwrap();
            let mean = |metric: &MetricName| measured.get(metric).map(Measurement::mean);
            (mean(&metrics::E2E_LATENCY), mean(&metrics::TPOT), mean(&metrics::ITL))
        };
        let (e2e_latency, tpot, itl) = means(GapsOf::Chunks);
        assert!(itl.is_some());
        assert_eq!(means(GapsOf::SpreadTokens), (e2e_latency, tpot, None));
    }

    #[test]
    fn columns_of_different_lengths_are_refused_by_name() {
        let short = Columns { errors: vec![Said(false)], ..columns() };
        let problem = String::from(short.tally().unwrap_err());
        assert_eq!(problem, "errors: it has 1 requests, output_lens has 3");
    }

    #[test]
    fn a_value_that_cannot_be_is_named_with_its_request() {
        let columns =
            Columns { output_lens: vec![Number(1.5), Number(0.0), Number(0.0)], ..columns() };
        let problem = String::from(columns.tally().unwrap_err());
        assert_eq!(problem, "request 1: output_lens: 1.5 is not a whole number");
    }
}
