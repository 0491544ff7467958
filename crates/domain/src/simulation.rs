mod draw;
mod log_normal;
mod profile;
mod request;
mod scenario;
mod tally;

pub use self::log_normal::LogNormal;
pub use self::profile::Profile;
pub use self::request::SimulatedRequest;
pub use self::scenario::{InvalidSimulation, Scenario};

use self::draw::Draw;
use self::request::RequestDraw;
use self::tally::Tally;
use crate::identity::Fingerprint;
use crate::run::{Requests, Run, RunParts, Source};

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
    /// The simulation of a scenario.
    ///
    /// # Errors
    /// [`InvalidSimulation`] if a number is out of the range that its field
    /// states, the spacing is not positive or a run would start before 1970 or
    /// after 9999.
    pub fn new(scenario: Scenario) -> Result<Self, InvalidSimulation> {
        scenario.check()?;
        Ok(Self(scenario))
    }

    /// All runs, each simulated when it is asked for: first the oldest run of
    /// every LLM, in the end the newest of every LLM.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = Run> {
        let Scenario { runs, profiles, .. } = &self.0;
        (0..*runs as usize * profiles.len()).map(move |at| {
            let age = runs - 1 - (at / profiles.len()) as u32;
            self.run(&profiles[at % profiles.len()], age)
                .expect("a checked scenario gives values and times that a run may have")
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

    fn run(&self, profile: &Profile, age: u32) -> Option<Run> {
        let Scenario { samples, ends_at, spacing, workload, .. } = &self.0;
        let mut tally = Tally::default();
        for request in self.requests(profile, age) {
            tally.add(request).ok()?;
            if tally.succeeded() == u64::from(*samples) {
                break;
            }
        }
        Run::new(RunParts {
            llm: profile.llm.clone(),
            workload: workload.clone(),
            source: Source::Simulation,
            started_at: *ends_at - *spacing * age as i32,
            tool: None,
            requests: Requests::new(tally.succeeded() + tally.failed(), tally.failed())?,
            measurements: tally.measurements(self.0.concurrency()).ok()?,
            provenance: None,
        })
        .ok()
    }
}

#[cfg(test)]
mod tests;
