use std::io::IsTerminal;

use anyhow::Context;
use prometheus::IntCounter;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::json_lines::JsonLines;
use super::line_buffer::{LineBuffer, WrittenOnDrop};
use super::log_file::LogFile;
use super::outlets::Outlets;
use crate::config::{LogConfig, LogFormat, filter};

/// The log of this process. What is not written yet is when it is dropped.
pub(crate) struct Log {
    outlets: Outlets,
    _written_on_drop: Vec<WrittenOnDrop>,
}

impl Log {
    /// The log of a service: where its configuration says. Its file is opened
    /// anew at every SIGHUP. Call it within a tokio runtime.
    pub(crate) fn of_service(config: &LogConfig) -> anyhow::Result<Self> {
        let file = match &config.file {
            None => None,
            Some(path) => {
                let file = LogFile::open(path.clone(), config.rotation);
                Some(file.with_context(|| format!("LOG_FILE: {}", path.display()))?)
            }
        };
        let reopens = file.is_some();
        let log = Self::start(config, "info", file)?;
        if reopens {
            let mut hung_up = signal(SignalKind::hangup())?;
            let outlets = log.outlets.clone();
            tokio::spawn(async move {
                while hung_up.recv().await.is_some() {
                    outlets.reopen();
                }
            });
        }
        Ok(log)
    }

    /// The log of a command, whose user wants its result: warnings, to stderr. A
    /// file belongs to one process, which may be running beside it.
    pub(crate) fn of_command(config: &LogConfig) -> anyhow::Result<Self> {
        Self::start(config, "warn", None)
    }

    /// Has events written. Those of the target `access`, one per request, can be
    /// switched off by themselves (`LOG_LEVEL=info,access=off`).
    fn start(
        config: &LogConfig,
        default_level: &str,
        file: Option<LogFile>,
    ) -> anyhow::Result<Self> {
        let (mut buffers, mut written_on_drop) = (Vec::new(), Vec::new());
        let mut add = |(buffer, end)| {
            buffers.push(buffer);
            written_on_drop.push(end);
        };
        // What is read in colour is read nowhere else.
        let coloured = config.console && file.is_none() && std::io::stderr().is_terminal();
        if config.console {
            add(LineBuffer::before(std::io::stderr())?);
        }
        if let Some(file) = file {
            add(LineBuffer::before(file)?);
        }
        let level = match buffers.is_empty() {
            true => "off",
            false => config.level.as_deref().unwrap_or(default_level),
        };
        let filter: EnvFilter = filter(level).context("LOG_LEVEL: it is no filter")?;
        let outlets = Outlets { buffers, coloured };
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(outlets.clone())
            .with_ansi(coloured);
        match config.format {
            LogFormat::Pretty => lines.init(),
            LogFormat::Json => lines.event_format(JsonLines).init(),
        }
        Ok(Self { outlets, _written_on_drop: written_on_drop })
    }
}

/// Tells Prometheus how many lines were dropped.
pub(crate) struct DroppedLines {
    outlets: Outlets,
    told: IntCounter,
}

impl DroppedLines {
    pub(crate) fn of(log: &Log) -> prometheus::Result<Self> {
        let told = IntCounter::new(
            "benchmark_log_lines_dropped_total",
            "Lines of the log that were dropped because writing them took too long or failed.",
        )?;
        Ok(Self { outlets: log.outlets.clone(), told })
    }
}

impl Collector for DroppedLines {
    fn desc(&self) -> Vec<&Desc> {
        self.told.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.told.inc_by(self.outlets.dropped().saturating_sub(self.told.get()));
        self.told.collect()
    }
}
