use std::io::IsTerminal;

use prometheus::IntCounter;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::json_lines::JsonLines;
use super::line_buffer::{LineBuffer, WrittenOnDrop};

/// A key of the environment that says nothing about logs.
#[derive(Debug, Error)]
pub(crate) enum InvalidLogConfig {
    /// `LOG_LEVEL` is no filter.
    #[error("LOG_LEVEL: {0:?} is not a level (error, warn, info, debug, trace) or a filter")]
    Level(String),
    /// `LOG_FORMAT` is no format.
    #[error("LOG_FORMAT: {0:?} is not pretty or json")]
    Format(String),
}

/// The log of this process. What is not written yet is when it is dropped.
pub(crate) struct Log {
    lines: LineBuffer,
    _written_on_drop: WrittenOnDrop,
}

impl Log {
    /// Sends events to stderr, as `LOG_LEVEL` and `LOG_FORMAT` say. Events of
    /// the target `access`, one per request, can be switched off by themselves
    /// (`LOG_LEVEL=info,access=off`).
    pub(crate) fn to_stderr(default_level: &str) -> anyhow::Result<Self> {
        let var = |key| std::env::var(key).ok().filter(|value| !value.is_empty());
        let level = var("LOG_LEVEL").unwrap_or_else(|| default_level.to_owned());
        let filter = filter(&level).ok_or_else(|| InvalidLogConfig::Level(level.clone()))?;
        let format = var("LOG_FORMAT").unwrap_or_else(|| "pretty".to_owned());
        let (buffer, written_on_drop) = LineBuffer::before(std::io::stderr())?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(buffer.clone())
            .with_ansi(std::io::stderr().is_terminal());
        match format.as_str() {
            "pretty" => lines.init(),
            "json" => lines.event_format(JsonLines).init(),
            _ => return Err(InvalidLogConfig::Format(format).into()),
        }
        Ok(Self { lines: buffer, _written_on_drop: written_on_drop })
    }
}

/// The filter that a text says. A bare word would be taken for a target whose
/// events are wanted and no others: it must be a level here.
fn filter(text: &str) -> Option<EnvFilter> {
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    let sensible = text.split(',').all(|part| part.contains('=') || is_level(part.trim()));
    sensible.then(|| EnvFilter::builder().parse(text).ok()).flatten()
}

/// Tells Prometheus how many lines were dropped.
pub(crate) struct DroppedLines {
    lines: LineBuffer,
    told: IntCounter,
}

impl DroppedLines {
    pub(crate) fn of(log: &Log) -> prometheus::Result<Self> {
        let told = IntCounter::new(
            "benchmark_log_lines_dropped_total",
            "Lines of the log that were dropped because writing them took too long or failed.",
        )?;
        Ok(Self { lines: log.lines.clone(), told })
    }
}

impl Collector for DroppedLines {
    fn desc(&self) -> Vec<&Desc> {
        self.told.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.told.inc_by(self.lines.dropped().saturating_sub(self.told.get()));
        self.told.collect()
    }
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
