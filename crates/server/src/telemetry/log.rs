use std::io::{BufWriter, IsTerminal};

use prometheus::IntCounter;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use thiserror::Error;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::json_lines::JsonLines;

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
    _written_on_drop: WorkerGuard,
    dropped: ErrorCounter,
}

/// How many lines may wait to be written: some megabytes.
const WAITING_LINES: usize = 16_384;

/// How much is written at once, where there is much to write.
const WRITE_BYTES: usize = 64 * 1024;

impl Log {
    /// Sends events to stderr, as `LOG_LEVEL` and `LOG_FORMAT` say. Events of
    /// the target `access`, one per request, can be switched off by themselves
    /// (`LOG_LEVEL=info,access=off`).
    ///
    /// A thread writes. Where it cannot keep up, because whoever reads stderr
    /// does not, lines are dropped and counted: a slow log must not make slow
    /// answers.
    pub(crate) fn to_stderr(default_level: &str) -> Result<Self, InvalidLogConfig> {
        let var = |key| std::env::var(key).ok().filter(|value| !value.is_empty());
        let level = var("LOG_LEVEL").unwrap_or_else(|| default_level.to_owned());
        let filter = filter(&level).ok_or_else(|| InvalidLogConfig::Level(level.clone()))?;
        let format = var("LOG_FORMAT").unwrap_or_else(|| "pretty".to_owned());
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(WAITING_LINES)
            .thread_name("log")
            .finish(BufWriter::with_capacity(WRITE_BYTES, std::io::stderr()));
        let log = Self { dropped: writer.error_counter(), _written_on_drop: guard };
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(writer)
            .with_ansi(std::io::stderr().is_terminal());
        match format.as_str() {
            "pretty" => lines.init(),
            "json" => lines.event_format(JsonLines).init(),
            _ => return Err(InvalidLogConfig::Format(format)),
        }
        Ok(log)
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
    counter: ErrorCounter,
    told: IntCounter,
}

impl DroppedLines {
    pub(crate) fn of(log: &Log) -> prometheus::Result<Self> {
        let told = IntCounter::new(
            "benchmark_log_lines_dropped_total",
            "Lines of the log that were dropped because writing them took too long.",
        )?;
        Ok(Self { counter: log.dropped.clone(), told })
    }
}

impl Collector for DroppedLines {
    fn desc(&self) -> Vec<&Desc> {
        self.told.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let dropped = self.counter.dropped_lines() as u64;
        self.told.inc_by(dropped.saturating_sub(self.told.get()));
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
