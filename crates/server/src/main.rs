//! The service and its commands, in one binary. `benchmark-api help` lists
//! them; exit codes are given by [`outcome`].

mod cli;
mod commands;
mod compose;
mod config;
mod json;
mod outcome;
mod progress;
mod sparkline;
mod system;
mod table;
mod telemetry;
mod waiting;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;

/// Where further variables of the environment are, in the working folder.
const ENV_FILE: &str = ".env";

fn main() -> ExitCode {
    outcome::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    // One further up belongs to another program.
    if Path::new(ENV_FILE).is_file() {
        dotenvy::from_path(ENV_FILE).map_err(|error| malformed(&error))?;
    }
    let cli = cli::Cli::parse();
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(cli.run());
    // What a start that was called off left on other threads, such as a migration
    // that waits for its turn, is in transactions: nobody waits for it.
    runtime.shutdown_background();
    outcome
}

/// A `.env` that cannot be used. Its lines may hold secrets: none is repeated.
fn malformed(error: &dotenvy::Error) -> anyhow::Error {
    match error {
        dotenvy::Error::LineParse(..) => {
            anyhow::anyhow!("{ENV_FILE}: a line is not KEY=VALUE; values with blanks need quotes")
        }
        error => anyhow::anyhow!("{ENV_FILE}: {error}"),
    }
}
