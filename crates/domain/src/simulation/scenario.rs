use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use thiserror::Error;

use super::profile::Profile;
use crate::workload::{Conditions, InvalidConditions, Workload};

/// What to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What every number is derived from.
    pub seed: u64,
    /// Successful requests per run, 1 to 10,000,000; failed ones come on top.
    pub samples: u32,
    /// Runs per LLM, 1 to 10,000.
    pub runs: u32,
    /// When the newest run of each LLM starts.
    pub ends_at: DateTime<Utc>,
    /// How much earlier than the next one each other run starts.
    pub spacing: TimeDelta,
    /// What the runs are runs of. As many requests are in flight at a time as
    /// its conditions say, one where they do not: 1 to 10,000.
    pub workload: Workload,
    /// The LLMs, each with its behaviour.
    pub profiles: Vec<Profile>,
}

/// Why something cannot be simulated.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InvalidSimulation {
    /// A parameter that is too small, too large or not a number.
    #[error("{parameter} must be between {min} and {max}, not {found}")]
    OutOfRange {
        /// Which one.
        parameter: &'static str,
        /// The least it may be.
        min: f64,
        /// The most it may be.
        max: f64,
        /// What it is.
        found: f64,
    },
    /// Conditions that no workload can have.
    #[error(transparent)]
    Conditions(#[from] InvalidConditions),
    /// Runs at the same time, or backwards in time.
    #[error("spacing must be positive")]
    Spacing,
    /// Runs at times that not every store and format can write.
    #[error("ends_at, spacing and runs must make every run start in the years 1970 to 9999")]
    Start,
}

impl InvalidSimulation {
    pub(super) fn unless_within(
        parameter: &'static str,
        range: &RangeInclusive<f64>,
        found: f64,
    ) -> Result<(), Self> {
        if range.contains(&found) {
            return Ok(());
        }
        Err(Self::OutOfRange { parameter, min: *range.start(), max: *range.end(), found })
    }
}

impl Scenario {
    /// One run of 1,000 requests for each of the
    /// [default profiles](Profile::defaults) on the workload `default`, ten
    /// requests at a time, with seed 0. Where there are to be more runs, they
    /// are a day apart.
    pub fn ending_at(ends_at: DateTime<Utc>) -> Self {
        let conditions = Conditions { concurrency: Some(10), ..Conditions::default() };
        Self {
            seed: 0,
            samples: 1_000,
            runs: 1,
            ends_at,
            spacing: TimeDelta::days(1),
            workload: Workload { conditions, ..Workload::default() },
            profiles: Profile::defaults(),
        }
    }

    /// How many requests are in flight at a time.
    pub(super) fn concurrency(&self) -> f64 {
        self.workload.conditions.concurrency.unwrap_or(1).into()
    }

    pub(super) fn check(&self) -> Result<(), InvalidSimulation> {
        let within = InvalidSimulation::unless_within;
        within("samples", &(1.0..=1e7), self.samples.into())?;
        within("runs", &(1.0..=1e4), self.runs.into())?;
        within("concurrency", &(1.0..=1e4), self.concurrency())?;
        self.workload.conditions.check()?;
        for profile in &self.profiles {
            within("failure rate", &(0.0..=0.9), profile.failure_rate)?;
        }
        if self.spacing <= TimeDelta::zero() {
            return Err(InvalidSimulation::Spacing);
        }
        let oldest = self
            .spacing
            .checked_mul(self.runs as i32 - 1)
            .and_then(|before| self.ends_at.checked_sub_signed(before));
        match oldest {
            Some(oldest) if oldest.year() >= 1970 && self.ends_at.year() <= 9999 => Ok(()),
            _ => Err(InvalidSimulation::Start),
        }
    }
}
