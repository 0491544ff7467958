//! The service and its commands, in one binary. `benchmark-api help` lists
//! them; exit codes are given by [`outcome`].

mod cli;
mod commands;
mod compose;
mod config;
mod outcome;
mod progress;
mod system;
mod table;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    // A `.env` that is not there is no error; one that is malformed is.
    let outcome = match dotenvy::dotenv() {
        Err(error) if !error.not_found() => Err(anyhow::anyhow!(".env: {error}")),
        _ => cli::Cli::parse().run().await,
    };
    outcome::exit_code(outcome)
}
