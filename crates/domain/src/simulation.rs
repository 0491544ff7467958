mod draw;
mod log_normal;
mod profile;
mod request;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use thiserror::Error;

pub use self::log_normal::LogNormal;
pub use self::profile::Profile;
pub use self::request::SimulatedRequest;

use self::draw::Draw;
use self::request::RequestDraw;
use crate::identity::Fingerprint;
use crate::measurement::Measurement;
use crate::metric::{MetricName, metrics};
use crate::run::{Requests, Run, RunParts, Source};
use crate::summary::{InvalidSample, Summary};
use crate::workload::{Conditions, Workload};

/// What to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What every number is derived from.
    pub seed: u64,
    /// Successful requests per run; failed ones come on top.
    pub samples: u32,
    /// Runs per LLM.
    pub runs: u32,
    /// When the newest run of each LLM starts.
    pub ends_at: DateTime<Utc>,
    /// How much earlier each run before it starts.
    pub spacing: TimeDelta,
    /// What the runs are runs of. As many requests are in flight at a time as
    /// its conditions say, one where they do not.
    pub workload: Workload,
    /// The LLMs, each with its behaviour.
    pub profiles: Vec<Profile>,
}

impl Scenario {
    /// One run of 1,000 requests for each of the
    /// [default profiles](Profile::defaults) on the workload `default`, ten
    /// requests at a time, with seed 0; a day apart if there are to be more.
    pub fn ending_at(ends_at: DateTime<Utc>) -> Self {
        Self {
            seed: 0,
            samples: 1_000,
            runs: 1,
            ends_at,
            spacing: TimeDelta::days(1),
            workload: Workload {
                conditions: Conditions { concurrency: Some(10), ..Conditions::default() },
                ..Workload::default()
            },
            profiles: Profile::defaults(),
        }
    }
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
    /// Runs at the same time, or backwards in time.
    #[error("spacing must be positive")]
    Spacing,
    /// Runs at times that not every store and format can write.
    #[error("the runs must start between the years 1970 and 9999")]
    Start,
}

impl InvalidSimulation {
    fn unless_within(
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

/// A generator of runs for demonstrations and tests.
///
/// Drawn for each request are whether it fails, its `TTFT`, its `TPOT` and its
/// number of output tokens n, the latter three log-normal. From them follow
/// `E2E_LATENCY` = `TTFT` + (n - 1) `TPOT` and `TPS` = n / `E2E_LATENCY`. `RPS`
/// and `SYSTEM_TPS` are those of a closed loop that keeps the workload's
/// concurrency up and in which failures take no time. `ITL` is left out: with
/// one `TPOT` for a whole answer, its tokens would come more evenly than those
/// of any endpoint.
///
/// The same scenario gives the same numbers on every platform and in every
/// version. Each run draws from a stream of its own, derived from the seed, the
/// LLM, the workload and the number of runs after it: further LLMs, and further
/// runs in the past, leave it as it is.
///
/// ```
/// # use benchmark_domain::{Scenario, Simulation, metrics};
/// # use chrono::DateTime;
/// let scenario = Scenario { seed: 7, ..Scenario::ending_at(DateTime::UNIX_EPOCH) };
/// for run in Simulation::new(scenario)?.runs() {
///     assert_eq!(run.measurements()[&metrics::TTFT].count(), Some(1_000));
/// }
/// # Ok::<(), benchmark_domain::InvalidSimulation>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation(Scenario);

impl Simulation {
    const SAMPLES: RangeInclusive<f64> = 1.0..=1e7;
    const RUNS: RangeInclusive<f64> = 1.0..=1e4;
    const CONCURRENCIES: RangeInclusive<f64> = 1.0..=1e4;
    const FAILURE_RATES: RangeInclusive<f64> = 0.0..=0.9;

    /// The simulation of a scenario.
    ///
    /// # Errors
    /// [`InvalidSimulation`] unless there are 1 to 10,000,000 samples, 1 to
    /// 10,000 runs and 1 to 10,000 requests at a time, at most nine tenths of
    /// them fail, the spacing is positive and every run starts between the
    /// years 1970 and 9999.
    pub fn new(scenario: Scenario) -> Result<Self, InvalidSimulation> {
        use InvalidSimulation as Invalid;
        let Scenario { seed: _, samples, runs, ends_at, spacing, workload, profiles } = &scenario;
        Invalid::unless_within("samples", &Self::SAMPLES, f64::from(*samples))?;
        Invalid::unless_within("runs", &Self::RUNS, f64::from(*runs))?;
        Invalid::unless_within("concurrency", &Self::CONCURRENCIES, concurrency(workload))?;
        for profile in profiles {
            Invalid::unless_within("failure rate", &Self::FAILURE_RATES, profile.failure_rate)?;
        }
        if *spacing <= TimeDelta::zero() {
            return Err(Invalid::Spacing);
        }
        let first = spacing
            .checked_mul(*runs as i32 - 1)
            .and_then(|before| ends_at.checked_sub_signed(before));
        match first {
            Some(first) if first.year() >= 1970 && ends_at.year() <= 9999 => Ok(Self(scenario)),
            _ => Err(Invalid::Start),
        }
    }

    /// All runs, each simulated when it is asked for: first the oldest run of
    /// every LLM, in the end the newest of every LLM.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = Run> {
        let Scenario { runs, profiles, .. } = &self.0;
        (0..*runs as usize * profiles.len()).map(move |at| {
            let age = runs - 1 - (at / profiles.len()) as u32;
            self.run(&profiles[at % profiles.len()], age)
                .expect("what `Simulation::new` accepts gives valid runs")
        })
    }

    /// The requests of one run without end, `None` for each that failed. The
    /// run is the one that `age` runs of its LLM come after.
    pub fn requests(
        &self,
        profile: &Profile,
        age: u32,
    ) -> impl Iterator<Item = Option<SimulatedRequest>> + use<> {
        let mut key = Fingerprint::default();
        key.text("simulation")
            .integer(self.0.seed)
            .bytes(profile.llm.id().0.as_bytes())
            .text(self.0.workload.slug.as_str());
        let mut draw = RequestDraw::new(Draw::new(key.finish(), age.into()), profile);
        std::iter::repeat_with(move || draw.next())
    }

    /// `None` if a value were none that a run may have.
    fn run(&self, profile: &Profile, age: u32) -> Option<Run> {
        let Scenario { samples, ends_at, spacing, workload, .. } = &self.0;
        let succeeded = u64::from(*samples);
        let mut tally = Tally::default();
        for request in self.requests(profile, age) {
            tally.add(request).ok()?;
            if tally.ttft.count() == succeeded {
                break;
            }
        }
        Run::new(RunParts {
            llm: profile.llm.clone(),
            workload: workload.clone(),
            source: Source::Simulation,
            started_at: *ends_at - *spacing * age as i32,
            tool: None,
            requests: Requests::new(succeeded + tally.failed, tally.failed)?,
            measurements: tally.measurements(concurrency(workload)).ok()?,
            provenance: None,
        })
        .ok()
    }
}

/// How many requests are in flight at a time.
fn concurrency(workload: &Workload) -> f64 {
    workload.conditions.concurrency.unwrap_or(1).into()
}

/// What the requests of a run add up to.
#[derive(Default)]
struct Tally {
    failed: u64,
    ttft: Summary,
    tpot: Summary,
    e2e_latency: Summary,
    tps: Summary,
    seconds: f64,
    tokens: u64,
}

impl Tally {
    #[inline]
    fn add(&mut self, request: Option<SimulatedRequest>) -> Result<(), InvalidSample> {
        let Some(request) = request else {
            self.failed += 1;
            return Ok(());
        };
        let e2e_latency = request.e2e_latency();
        self.ttft.add(request.ttft)?;
        self.tpot.add(request.tpot)?;
        self.e2e_latency.add(e2e_latency)?;
        self.tps.add(request.tps())?;
        self.seconds += e2e_latency;
        self.tokens += u64::from(request.output_tokens);
        Ok(())
    }

    fn measurements(
        self,
        concurrency: f64,
    ) -> Result<BTreeMap<MetricName, Measurement>, InvalidSample> {
        let Self { failed: _, ttft, tpot, e2e_latency, tps, seconds, tokens } = self;
        let window = seconds / concurrency;
        let rps = Summary::from_samples(&[ttft.count() as f64 / window])?;
        let system_tps = Summary::from_samples(&[tokens as f64 / window])?;
        Ok([
            (metrics::TTFT, ttft),
            (metrics::TPOT, tpot),
            (metrics::E2E_LATENCY, e2e_latency),
            (metrics::TPS, tps),
            (metrics::SYSTEM_TPS, system_tps),
            (metrics::RPS, rps),
        ]
        .map(|(metric, summary)| (metric, Measurement::Sampled(summary)))
        .into())
    }
}
