use std::num::NonZeroU64;
use std::path::PathBuf;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use ureq::http::Uri;

use super::environment::{Environment, InvalidConfig, boolean, number};
use crate::telemetry::Rotation;

/// What is logged, how, and where to.
#[derive(Debug)]
pub(crate) struct LogConfig {
    /// A filter that can be parsed; `None` for as much as suits the command.
    pub(crate) level: Option<String>,
    pub(crate) format: LogFormat,
    /// Whether to log to stderr.
    pub(crate) console: bool,
    pub(crate) file: Option<PathBuf>,
    pub(crate) rotation: Rotation,
    /// The URL of a collector of traces.
    pub(crate) collector: Option<String>,
}

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Pretty,
    /// As a JSON object.
    Json,
}

/// More would take long to rename.
const MOST_KEPT: u32 = 1000;

impl LogConfig {
    pub(super) fn read(env: &Environment<'_>) -> Result<Self, InvalidConfig> {
        Ok(Self {
            level: env.optional("LOG_LEVEL", |text| match filter(text) {
                Some(_) => Ok(text.to_owned()),
                None => Err(format!(
                    "{text:?} is not a level (error, warn, info, debug, trace) or a filter"
                )),
            })?,
            format: env.with("LOG_FORMAT", "pretty", |text| match text {
                "pretty" => Ok(LogFormat::Pretty),
                "json" => Ok(LogFormat::Json),
                _ => Err(format!("{text:?} is not pretty or json")),
            })?,
            console: env.with("CONSOLE_LOGGING", "true", boolean)?,
            file: env.get("LOG_FILE")?.map(PathBuf::from),
            rotation: Rotation {
                max_bytes: env.with("LOG_FILE_MAX_BYTES", "104857600", |text| {
                    number(text, 0, 1 << 40).map(NonZeroU64::new)
                })?,
                daily: env.with("LOG_FILE_DAILY", "true", boolean)?,
                keep: env.with("LOG_FILE_KEEP", "7", |text| number(text, 0, MOST_KEPT))?,
            },
            collector: env.optional("OTEL_EXPORTER_OTLP_ENDPOINT", collector)?,
        })
    }
}

/// A URL may hold a password: it is not repeated.
fn collector(text: &str) -> Result<String, String> {
    let is_http = |url: Uri| url.scheme_str() == Some("http") && url.host().is_some();
    if !text.parse().is_ok_and(is_http) {
        return Err("it is not a URL such as http://localhost:4318".to_owned());
    }
    Ok(text.to_owned())
}

/// The filter that a text says. A bare word would be taken for a target whose
/// events are wanted and no others: it must be a level here.
pub(crate) fn filter(text: &str) -> Option<EnvFilter> {
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    let sensible = text.split(',').all(|part| part.contains('=') || is_level(part.trim()));
    sensible.then(|| EnvFilter::builder().parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_or_a_filter_is_understood_and_a_misspelt_level_is_not() {
        for good in ["info", "WARN", "off", "info,access=off", "benchmark_actix_http=debug"] {
            assert!(filter(good).is_some(), "{good}");
        }
        for bad in ["blah", "inof", "info,acces", "a=b=c"] {
            assert!(filter(bad).is_none(), "{bad}");
        }
    }
}
