use std::time::Duration;

use anyhow::Context;
use benchmark_actix_http as http;
use benchmark_application::{PlainKey, hash_key};
use benchmark_domain::Scenario;
use benchmark_ports::PageLimit;
use secrecy::ExposeSecret;

use crate::commands::simulate;
use crate::compose::Services;
use crate::config::Config;
use crate::system::OsRandomness;
use crate::telemetry;

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Have data to look at: an empty database is filled with simulated runs,
    /// and a key for this process alone is printed unless `API_KEY` is set
    #[arg(long)]
    demo: bool,
}

/// How often rankings that were recorded but not published are looked for.
const SWEEP: Duration = Duration::from_secs(10);

/// The demonstration is the same everywhere.
const DEMO: (u64, u32) = (42, 7);

/// Serves the API until it is told to stop.
pub(crate) async fn run(args: Args, config: Config) -> anyhow::Result<()> {
    let registry = telemetry::registry()?;
    let services = Services::measured(&config, &registry).await?;
    let published = services.publish_rankings.pending().await?;
    if published > 0 {
        tracing::info!(published, "published what an earlier process had not");
    }
    let key = access(&args, &config, &services).await?;
    if args.demo {
        fill(&services).await?;
    }
}
