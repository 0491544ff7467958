//! Pools of runs as bytes, for stores: numbers in little-endian order, absent
//! ones as NaN or as the greatest integer, the sketch at the end.

use chrono::DateTime;
use thiserror::Error;
use uuid::Uuid;

use crate::measurement::Quantiles;
use crate::pooled_runs::{PooledRun, PooledRuns};
use crate::quantile_sketch::QuantileSketch;
use crate::replicates::Replicates;
use crate::run::{Requests, RunId, Source};
use crate::statistic::Statistic;
use crate::summary::Moments;

/// Bytes that are no pool of runs of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the bytes are not a pool of runs")]
pub struct CorruptPool;

/// The first byte: what follows is laid out as here.
const LAYOUT: u8 = 1;

/// Absent.
const NONE: u64 = u64::MAX;

impl PooledRuns {
    /// The pool as bytes: about a kilobyte, most of it the sketch.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { count, newest, requests, sample_count, sketch, moments, rate, replicates } =
            self;
        let mut out = Writer(vec![LAYOUT]);
        out.integer(*count).requests(*requests).integer(*sample_count);
        match newest {
            None => out.integer(NONE),
            Some(PooledRun { started_at, run, source, reported: (quantiles, samples) }) => {
                let Quantiles { p50, p90, p95, p99 } = *quantiles;
                out.integer(started_at.timestamp_micros().cast_unsigned());
                out.0.extend(run.0.as_bytes());
                out.0.push(*source as u8);
                for quantile in [p50, p90, p95, p99] {
                    out.number(quantile.unwrap_or(f64::NAN));
                }
                out.integer(samples.unwrap_or(NONE))
            }
        };
        match moments {
            None => out.integer(NONE),
            Some(moments) => out.moments(moments),
        };
        match rate {
            None => out.integer(NONE),
            Some(rate) => out.requests(*rate),
        };
        for Replicates { values, weight, squared_weights, mean } in replicates {
            out.moments(values).number(*weight).number(*squared_weights).number(*mean);
        }
        out.0.extend(sketch.to_bytes());
        out.0
    }

    /// The pool that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`CorruptPool`] if the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CorruptPool> {
        read(bytes).ok_or(CorruptPool)
    }
}

fn read(bytes: &[u8]) -> Option<PooledRuns> {
    let mut bytes = Reader(bytes);
    if bytes.take()? != [LAYOUT] {
        return None;
    }
    Some(PooledRuns {
        count: bytes.integer()?,
        requests: bytes.requests()?,
        sample_count: bytes.integer()?,
        newest: match bytes.integer()? {
            NONE => None,
            started_at => Some(PooledRun {
                started_at: DateTime::from_timestamp_micros(started_at.cast_signed())?,
                run: RunId(Uuid::from_bytes(bytes.take()?)),
                source: bytes.source()?,
                reported: (bytes.quantiles()?, Some(bytes.integer()?).filter(|it| *it != NONE)),
            }),
        },
        moments: match bytes.integer()? {
            NONE => None,
            count => Some(bytes.moments_of(count)?),
        },
        rate: match bytes.integer()? {
            NONE => None,
            attempted => Some(Requests::new(attempted, bytes.integer()?)?),
        },
        replicates: {
            let mut replicates: [Replicates; Statistic::ALL.len()] = Default::default();
            for replicates in &mut replicates {
                *replicates = bytes.replicates()?;
            }
            replicates
        },
        sketch: QuantileSketch::from_bytes(bytes.0).ok()?,
    })
}

struct Writer(Vec<u8>);

impl Writer {
    fn integer(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn number(&mut self, value: f64) -> &mut Self {
        self.integer(value.to_bits())
    }

    fn requests(&mut self, requests: Requests) -> &mut Self {
        self.integer(requests.attempted()).integer(requests.failed())
    }

    fn moments(&mut self, moments: &Moments) -> &mut Self {
        let Moments { count, mean, squared_deviations } = moments;
        self.integer(*count).number(*mean).number(*squared_deviations)
    }
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn integer(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take()?))
    }

    /// A number that is no infinity; `None` within if it is absent.
    fn number_if_any(&mut self) -> Option<Option<f64>> {
        let number = f64::from_bits(self.integer()?);
        (!number.is_infinite()).then(|| Some(number).filter(|it| !it.is_nan()))
    }

    fn number(&mut self) -> Option<f64> {
        self.number_if_any()?
    }

    fn requests(&mut self) -> Option<Requests> {
        Requests::new(self.integer()?, self.integer()?)
    }

    fn moments_of(&mut self, count: u64) -> Option<Moments> {
        Some(Moments { count, mean: self.number()?, squared_deviations: self.number()? })
    }

    fn replicates(&mut self) -> Option<Replicates> {
        let count = self.integer()?;
        Some(Replicates {
            values: self.moments_of(count)?,
            weight: self.number()?,
            squared_weights: self.number()?,
            mean: self.number()?,
        })
    }

    fn quantiles(&mut self) -> Option<Quantiles> {
        Some(Quantiles {
            p50: self.number_if_any()?,
            p90: self.number_if_any()?,
            p95: self.number_if_any()?,
            p99: self.number_if_any()?,
        })
    }

    fn source(&mut self) -> Option<Source> {
        let [code] = self.take()?;
        Source::ALL.into_iter().find(|source| *source as u8 == code)
    }
}
