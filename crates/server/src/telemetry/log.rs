use std::io::IsTerminal;

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// A key of the environment that says nothing about logs.
#[derive(Debug, Error)]
pub(crate) enum InvalidLogConfig {
    /// `LOG_LEVEL` is no filter.
    #[error("LOG_LEVEL: {0:?} is not a level (error, warn, info, debug, trace) or a filter")]
    Level(String, #[source] ParseError),
    /// `LOG_FORMAT` is no format.
    #[error("LOG_FORMAT: {0:?} is not pretty or json")]
    Format(String),
}

/// Sends events to stderr, as `LOG_LEVEL` and `LOG_FORMAT` say. Events of the
/// target `access`, one per request, can be switched off by themselves
/// (`LOG_LEVEL=info,access=off`).
pub(crate) fn init(default_level: &str) -> Result<(), InvalidLogConfig> {
    let var = |key| std::env::var(key).ok().filter(|value| !value.is_empty());
    let level = var("LOG_LEVEL").unwrap_or_else(|| default_level.to_owned());
    let filter = EnvFilter::builder()
        .parse(&level)
        .map_err(|source| InvalidLogConfig::Level(level.clone(), source))?;
    let format = var("LOG_FORMAT").unwrap_or_else(|| "pretty".to_owned());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format.as_str() {
        "pretty" => lines.init(),
        "json" => lines.json().flatten_event(true).init(),
        _ => return Err(InvalidLogConfig::Format(format)),
    }
    Ok(())
}
