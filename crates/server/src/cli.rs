use clap::{Parser, Subcommand};

use crate::commands::{
    compare, healthcheck, history, import, keys, migrate, openapi, rank, serve, simulate,
};
use crate::config::Config;
use crate::telemetry::Log;

/// Which LLM, behind which endpoint, is fastest for my workload?
///
/// Results go to stdout, logs and progress to stderr. Configured by the
/// environment and the working folder's `.env`; `.env.sample` lists every key.
#[derive(Debug, Parser)]
#[command(
    name = "benchmark-api",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 input refused."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, until SIGTERM or SIGINT; a second signal does not wait.
    Serve(serve::Args),
    /// Bring the database's schema up to date.
    Migrate(migrate::Args),
    /// Record simulated runs.
    Simulate(simulate::Args),
    /// Record the runs of load generators' result files, all or none.
    Import(import::Args),
    /// Print a ranking.
    Rank(rank::Args),
    /// Print how LLMs differ, and which differences are real.
    Compare(compare::Args),
    /// Print how value and rank of LLMs changed over time.
    History(history::Args),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print the OpenAPI document.
    Openapi,
    /// Ask a running service whether it is ready.
    Healthcheck,
}

impl Cli {
    /// Does what the command line says.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let config = Config::from_env()?;
        let log = match self.command {
            Command::Serve(_) => Log::of_service(&config.log)?,
            _ => Log::of_command(&config.log)?,
        };
        match self.command {
            Command::Serve(args) => serve::run(args, config, &log).await,
            Command::Migrate(args) => migrate::run(args, &config).await,
            Command::Simulate(args) => simulate::run(args, &config).await,
            Command::Import(args) => import::run(args, &config).await,
            Command::Rank(args) => rank::run(args, &config).await,
            Command::Compare(args) => compare::run(args, &config).await,
            Command::History(args) => history::run(args, &config).await,
            Command::Keys(command) => keys::run(command, &config).await,
            Command::Openapi => openapi::run(),
            Command::Healthcheck => healthcheck::run(&config),
        }
    }
}
