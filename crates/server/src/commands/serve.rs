use std::io::{ErrorKind, Write, stdout};
use std::sync::Arc;
use std::time::Duration;

use benchmark_actix_http as http;
use benchmark_application::{Authenticate, PlainKey, PublishRankings};
use benchmark_domain::Scenario;
use benchmark_memory_adapter::CachedApiKeys;
use benchmark_ports::{PageLimit, RunFilter};
use prometheus::Registry;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::commands::simulate;
use crate::compose::{UseCases, rate_limits};
use crate::config::Config;
use crate::telemetry::{self, Log};
use crate::waiting::{self, seconds};

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Have data to look at: an empty database is filled with simulated runs;
    /// where `API_KEY` is not set, a key for this process alone is printed
    #[arg(long)]
    demo: bool,
    /// For how many seconds to wait for a database server that is not there yet
    #[arg(long, default_value = "0", value_parser = seconds)]
    wait: Duration,
}

/// How often rankings that were recorded but not published are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// How often the uses of keys are written down.
const WRITE_USES_EVERY: Duration = Duration::from_secs(60);

/// How long a store may take for those of the last minute.
const LAST_USES_TIMEOUT: Duration = Duration::from_secs(2);

/// The demonstration is the same everywhere: seed and runs per LLM.
const DEMO_SEED: u64 = 42;
const DEMO_RUNS: u32 = 7;

/// Serves the API until it is told to stop.
pub(crate) async fn run(args: Args, config: Config, log: &Log) -> anyhow::Result<()> {
    let mut stop = http::stop_signals()?;
    let registry = telemetry::registry(log)?;
    let (server, keys) = tokio::select! {
        started = start(args, config, registry) => started?,
        _ = stop.recv() => {
            tracing::info!("asked to stop before it served");
            return Ok(());
        }
    };
    let (served, until_served) = oneshot::channel();
    let uses = tokio::spawn(write_uses(keys, until_served));
    let ended = server.run(stop).await;
    drop(served);
    if tokio::time::timeout(LAST_USES_TIMEOUT, uses).await.is_err() {
        tracing::warn!("the store did not take the last uses of keys in time");
    }
    Ok(ended?)
}

/// Prepares everything, listens and says where. Beside the server it gives the keys,
/// whose uses are to be written.
async fn start(
    args: Args,
    config: Config,
    registry: Registry,
) -> anyhow::Result<(http::Server, Arc<CachedApiKeys>)> {
    let (use_cases, watch) =
        waiting::for_server(args.wait, || UseCases::measured(&config, &registry)).await?;
    use_cases.publish_rankings.pending().await?;
    // A demonstration without a key in its configuration makes one for itself.
    let demo_key =
        (args.demo && config.api_key.is_none()).then(|| PlainKey::generate(&*use_cases.randomness));
    let bootstrap = config.api_key.or_else(|| demo_key.clone().map(PlainKey::into_secret));
    let has_bootstrap = bootstrap.is_some();
    if args.demo {
        fill(&use_cases).await?;
    }
    tokio::spawn(sweep(Arc::clone(&use_cases.publish_rankings)));
    tokio::spawn(watch.run());
    if let Some(hearing) = use_cases.hearing {
        tokio::spawn(hearing.listen());
    }

    let server = http::Server::bind(
        &http::ServerConfig {
            host: config.host,
            port: config.port,
            metrics_port: config.metrics_port,
            workers: config.workers,
            body: http::BodyLimits { bytes: config.max_body_bytes, timeout: config.body_timeout },
            cors_origins: config.cors_allowed_origins,
            drain: config.shutdown_drain,
            stop_timeout: config.shutdown_timeout,
        },
        http::Services {
            authenticate: Authenticate::new(
                bootstrap,
                use_cases.keys.clone(),
                Arc::clone(&use_cases.clock),
            ),
            rate_limits: rate_limits(
                config.rate_limits,
                use_cases.engines.redis.as_ref(),
                &use_cases.clock,
            ),
            read_ranking: use_cases.read_ranking,
            read_history: use_cases.read_history,
            compare_llms: use_cases.compare_llms,
            define_metric: use_cases.define_metric,
            browse_catalogue: use_cases.browse_catalogue,
            record_runs: use_cases.record_runs,
            recording: Handle::current(),
            create_key: Arc::clone(&use_cases.create_key),
            list_keys: use_cases.list_keys,
            revoke_key: use_cases.revoke_key,
            check_health: use_cases.check_health,
            default_workload: config.default_workload,
            clock: use_cases.clock,
            metrics: registry,
        },
    )
    .map_err(named)?;
    // Only now: a key that was stored by a start that failed would be lost.
    let key = if has_bootstrap {
        demo_key.map(|key| (key, "valid until this process ends"))
    } else {
        let first = use_cases.create_key.first().await?;
        first.map(|key| (key, "shown this once, only its hash is stored"))
    };
    let cache = config.redis.map(|redis| redis.mode.to_string());
    tracing::info!(
        store = %config.store,
        cache = cache.as_deref().unwrap_or("this process"),
        "ready to serve"
    );
    if let Some(address) = server.metrics_addresses().first() {
        writeln!(stdout(), "Metrics: http://{address}/metrics")?;
    }
    if let Some(address) = server.addresses().first() {
        greet(&format!("http://{address}"), key.as_ref())?;
    }
    Ok((server, use_cases.keys))
}

/// Why nothing listens, under the name of the key where one is to blame. A port that
/// is taken or not for us is part of the address that the error tells.
fn named(error: http::BindError) -> anyhow::Error {
    let key = match &error {
        http::BindError::Origin(_) => "CORS_ALLOWED_ORIGINS",
        http::BindError::Listen { source, .. }
            if !matches!(source.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) =>
        {
            "HOST"
        }
        _ => return error.into(),
    };
    anyhow::Error::new(error).context(key)
}

/// Writes down which keys were used when, each at most once a minute and at the
/// end.
async fn write_uses(keys: Arc<CachedApiKeys>, mut end: oneshot::Receiver<()>) {
    let mut tick = tokio::time::interval(WRITE_USES_EVERY);
    let mut is_over = false;
    while !is_over {
        tokio::select! {
            _ = tick.tick() => {}
            _ = &mut end => is_over = true,
        }
        if let Err(error) = keys.write_uses().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the uses of keys were not written");
        }
    }
}

/// Publishes what other processes recorded and did not live to publish.
async fn sweep(publish: Arc<PublishRankings>) {
    let mut tick = tokio::time::interval(SWEEP_EVERY);
    loop {
        tick.tick().await;
        if let Err(error) = publish.pending().await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "unpublished rankings cannot be looked for");
        }
    }
}

/// Fills an empty database with simulated runs.
async fn fill(use_cases: &UseCases) -> anyhow::Result<()> {
    let any = RunFilter::default();
    let first = use_cases.browse_catalogue.runs(&any, None, PageLimit::default()).await?;
    if first.is_some_and(|runs| !runs.is_empty()) {
        return Ok(writeln!(stdout(), "The database has runs already: nothing is simulated.")?);
    }
    let scenario =
        Scenario { seed: DEMO_SEED, runs: DEMO_RUNS, ..Scenario::ending_at(use_cases.clock.now()) };
    let runs = simulate::record(use_cases, scenario).await?.len();
    Ok(writeln!(
        stdout(),
        "SIMULATED DATA: {runs} runs were drawn at random. They say nothing about any LLM."
    )?)
}

/// Says where the service is and how to ask it. The address comes last.
fn greet(url: &str, new_key: Option<&(PlainKey, &str)>) -> std::io::Result<()> {
    let mut stdout = stdout().lock();
    if let Some((key, note)) = new_key {
        writeln!(stdout, "API key, {note}: {}", key.expose())?;
    }
    // Behind `#` the browser keeps it to itself.
    let fragment = new_key.map(|(key, _)| format!("#key={}", key.expose())).unwrap_or_default();
    writeln!(stdout, "Leaderboard: {url}/{fragment}")?;
    let key = new_key.map_or("$API_KEY", |(key, _)| key.expose());
    writeln!(stdout, "  curl -H \"X-API-Key: {key}\" {url}/api/v1/benchmark/TTFT")?;
    writeln!(stdout, "Documentation: {url}/docs")?;
    writeln!(stdout, "Listening on {url}")
}
