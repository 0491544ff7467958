use serde::Deserialize;

use super::layout::Span;
use crate::number::{self, Number};
use crate::refusal::Problem;
use crate::tally::{Success, Tally};

/// A request of any layout.
#[derive(Deserialize)]
#[serde(expecting = "the record of a request")]
pub(super) struct Request {
    /// From 0.5 on.
    info: Option<Info>,
    /// In 0.3, in seconds since 1970.
    start_time: Option<Number>,
    end_time: Option<Number>,
    first_token_time: Option<Number>,
    last_token_time: Option<Number>,

    request_latency: Option<Number>,
    output_tokens: Option<Number>,
    time_to_first_token_ms: Option<Number>,
}

#[derive(Deserialize)]
struct Info {
    timings: Option<Timings>,
}

/// In seconds since 1970: of the request, and of the task that saw to it.
#[derive(Deserialize)]
struct Timings {
    resolve_start: Option<Number>,
    request_start: Option<Number>,
    first_token_iteration: Option<Number>,
    last_token_iteration: Option<Number>,
    request_end: Option<Number>,
    resolve_end: Option<Number>,
}

/// When a request was sent, answered first and last, and over; in seconds since
/// 1970.
#[derive(Clone, Copy)]
struct Moments {
    start: Option<f64>,
    first_token: Option<f64>,
    last_token: Option<f64>,
    end: Option<f64>,
}

impl Request {
    fn moments(&self) -> Moments {
        let value = |number: Option<Number>| number.map(|Number(value)| value);
        match self.info.as_ref().and_then(|info| info.timings.as_ref()) {
            // A stream that fails has no end of its own: the tool's is its task's.
            Some(timings) => Moments {
                start: value(timings.request_start.or(timings.resolve_start)),
                first_token: value(timings.first_token_iteration),
                last_token: value(timings.last_token_iteration),
                end: value(timings.request_end.or(timings.resolve_end)),
            },
            None => Moments {
                start: value(self.start_time),
                first_token: value(self.first_token_time),
                last_token: value(self.last_token_time),
                end: value(self.end_time),
            },
        }
    }

    /// Whether it was sent and over in a span of time.
    pub(super) fn is_within(&self, span: Span) -> bool {
        let Span { from, to } = span;
        let Moments { start, end, .. } = self.moments();
        // The tool rounds neither, so equal moments are the same.
        let early = from.zip(start).is_some_and(|(Number(from), start)| start < from);
        let late = to.zip(end).is_some_and(|(Number(to), end)| end > to);
        !early && !late
    }

    /// Whether any part of it lies in a span of time.
    pub(super) fn reaches_into(&self, span: Span) -> bool {
        let Span { from, to } = span;
        let Moments { start, end, .. } = self.moments();
        let early = from.zip(end).is_some_and(|(Number(from), end)| end < from);
        let late = to.zip(start.or(end)).is_some_and(|(Number(to), start)| start > to);
        !early && !late
    }

    pub(super) fn succeed(&self, tally: &mut Tally) -> Result<(), Problem> {
        let moments = self.moments();
        let e2e_latency = match moments.start.zip(moments.last_token) {
            Some((start, last_token)) => last_token - start,
            None => number::required("request_latency", self.request_latency)?,
        };
        let ttft = match (self.time_to_first_token_ms, moments.start.zip(moments.first_token)) {
            (Some(Number(milliseconds)), Some(_)) => Some(milliseconds / 1e3),
            (None, Some((start, first_token))) => Some(first_token - start),
            // Without a first token, the tool may write that it took no time.
            (_, None) => None,
        };
        let output_tokens = number::optional_count("output_tokens", self.output_tokens)?;
        tally.succeed(Success { ttft, e2e_latency, output_tokens, gaps: None })?;
        self.last(tally)
    }

    pub(super) fn fail(&self, tally: &mut Tally) -> Result<(), Problem> {
        tally.fail();
        self.last(tally)
    }

    fn last(&self, tally: &mut Tally) -> Result<(), Problem> {
        let Moments { start, last_token, end, .. } = self.moments();
        start.zip(end.or(last_token)).map_or(Ok(()), |(start, end)| tally.lasted(start, end))
    }
}
