//! Pools of runs as bytes, for stores: numbers in little-endian order, before
//! what may be absent a byte that is 0 or 1, the sketch at the end.

use chrono::DateTime;
use thiserror::Error;
use uuid::Uuid;

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
const LAYOUT: u8 = 2;

impl PooledRuns {
    /// The pool as bytes: about a kilobyte, most of it the sketch.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { count, newest, requests, sample_count, sketch, moments, rate, replicates } =
            self;
        let mut out = Writer(vec![LAYOUT]);
        out.integer(*count).requests(*requests).integer(*sample_count);
        out.if_any(newest.as_ref(), |out, newest| {
            let PooledRun { started_at, run, source } = newest;
            out.integer(started_at.timestamp_micros().cast_unsigned());
            out.0.extend(run.0.as_bytes());
            out.0.push(*source as u8);
        });
        out.if_any(moments.as_ref(), |out, moments| _ = out.moments(moments));
        out.if_any(*rate, |out, rate| _ = out.requests(rate));
        for Replicates { values, weight, squared_weights, mean, reported } in replicates {
            out.moments(values).number(*weight).number(*squared_weights).number(*mean);
            out.integer(*reported);
        }
        out.0.extend(sketch.to_bytes());
        out.0
    }

    /// How many of a pool's first bytes tell its requests.
    pub const REQUESTS_WITHIN: usize = 25;

    /// The requests of the pool that [`to_bytes`](Self::to_bytes) wrote, of whose
    /// bytes the [first ones](Self::REQUESTS_WITHIN) will do.
    ///
    /// # Errors
    /// [`CorruptPool`] if the bytes are none.
    pub fn requests_in(bytes: &[u8]) -> Result<Requests, CorruptPool> {
        let head = Reader(bytes).head();
        head.map(|(_, requests)| requests).ok_or(CorruptPool)
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
    let (count, requests) = bytes.head()?;
    Some(PooledRuns {
        count,
        requests,
        sample_count: bytes.integer()?,
        newest: bytes.if_any(Reader::run)?,
        moments: bytes.if_any(Reader::moments)?,
        rate: bytes.if_any(Reader::requests)?,
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

    fn if_any<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
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

    /// The number of runs and their requests.
    fn head(&mut self) -> Option<(u64, Requests)> {
        match self.take()? {
            [LAYOUT] => Some((self.integer()?, self.requests()?)),
            _ => None,
        }
    }

    fn integer(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take()?))
    }

    fn number(&mut self) -> Option<f64> {
        Some(f64::from_bits(self.integer()?)).filter(|number| number.is_finite())
    }

    fn if_any<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.take()? {
            [0] => Some(None),
            [1] => read(self).map(Some),
            _ => None,
        }
    }

    fn run(&mut self) -> Option<PooledRun> {
        Some(PooledRun {
            started_at: DateTime::from_timestamp_micros(self.integer()?.cast_signed())?,
            run: RunId(Uuid::from_bytes(self.take()?)),
            source: self.source()?,
        })
    }

    fn requests(&mut self) -> Option<Requests> {
        Requests::new(self.integer()?, self.integer()?)
    }

    fn moments(&mut self) -> Option<Moments> {
        Some(Moments {
            count: self.integer()?,
            mean: self.number()?,
            squared_deviations: self.number()?,
        })
    }

    fn replicates(&mut self) -> Option<Replicates> {
        Some(Replicates {
            values: self.moments()?,
            weight: self.number()?,
            squared_weights: self.number()?,
            mean: self.number()?,
            reported: self.integer()?,
        })
    }

    fn source(&mut self) -> Option<Source> {
        let [code] = self.take()?;
        Source::ALL.into_iter().find(|source| *source as u8 == code)
    }
}
