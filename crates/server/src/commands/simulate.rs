use std::io::Write;

use benchmark_actix_http::wire::{self, RecordedRun};
use benchmark_domain::{Scenario, Simulation, Timestamp};

use crate::commands::recording::record_runs;
use crate::compose::UseCases;
use crate::config::Config;
use crate::json;
use crate::outcome::Refused;
use crate::progress;

/// What to draw.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The same seed gives the same samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Successful requests per run
    #[arg(long, default_value_t = 1000)]
    samples: u32,
    /// Runs per LLM, a day apart
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// When the newest runs start, such as 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_parser = wire::moment)]
    at: Option<Timestamp>,
    /// Print the API's JSON instead of a sentence
    #[arg(long)]
    json: bool,
}

/// Records simulated runs.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let Args { seed, samples, runs, at, json } = args;
    let use_cases = UseCases::open(config).await?;
    let ends_at = at.unwrap_or_else(|| use_cases.clock.now());
    let scenario = Scenario { seed, samples, runs, ..Scenario::ending_at(ends_at) };
    let recorded = record(&use_cases, scenario).await?;
    let mut stdout = std::io::stdout().lock();
    if json {
        return json::print(&recorded, &mut stdout);
    }
    let new = recorded.iter().filter(|run| run.new).count();
    let known = recorded.len() - new;
    Ok(writeln!(stdout, "{new} simulated runs recorded, {known} were known")?)
}

/// Draws a scenario and records its runs, all or none.
pub(crate) async fn record(
    use_cases: &UseCases,
    scenario: Scenario,
) -> anyhow::Result<Vec<RecordedRun>> {
    let total = scenario.profiles.len() as u64 * u64::from(scenario.runs);
    let simulation = Simulation::new(scenario).map_err(|error| Refused(error.to_string()))?;
    let progress = progress::of("simulating runs", total);
    let runs: Vec<_> = progress.wrap_iter(simulation.runs()).collect();
    progress.finish_and_clear();
    record_runs(use_cases, &runs, ToString::to_string).await
}
