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

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match dotenvy::dotenv() {
        Err(error) if !error.not_found() => Err(malformed(&error)),
        _ => cli::Cli::parse().run().await,
    };
    outcome::exit_code(outcome)
}

/// A `.env` that cannot be used. Its lines may hold secrets: none is repeated.
fn malformed(error: &dotenvy::Error) -> anyhow::Error {
    match error {
        dotenvy::Error::LineParse(..) => {
            anyhow::anyhow!(".env: a line is not KEY=VALUE; values with blanks need quotes")
        }
        error => anyhow::anyhow!(".env: {error}"),
    }
}
