use std::io::Write;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::config::Config;

/// Asks the service on `HOST` and `PORT` whether it is ready, for container
/// health checks: no shell or other tool is needed.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    // A server listens on every address, a client asks one.
    let host = match config.host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" | "[::]" => "[::1]",
        host => host,
    };
    let url = format!("http://{host}:{}/health/ready", config.port);
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(3)))
        .http_status_as_error(false)
        .build()
        .new_agent();
    let answer = agent.get(&url).call().with_context(|| format!("{url} does not answer"))?;
    ensure!(answer.status().is_success(), "{url} answers {}", answer.status());
    Ok(writeln!(std::io::stdout(), "ready")?)
}
