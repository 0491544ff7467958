use std::io::IsTerminal;

use anyhow::Context;
use prometheus::IntCounter;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::json_lines::JsonLines;
use super::line_buffer::{LineBuffer, WrittenOnDrop};
use super::log_file::LogFile;
use super::outlets::Outlets;
use super::traces::{SPANS, Traces};
use crate::config::{LogConfig, LogFormat, filter};

/// The log of this process. What is not written yet is when it is dropped.
pub(crate) struct Log {
    outlets: Outlets,
    /// Dropped first: sending the last spans may be worth a line.
    _traces: Option<Traces>,
    _written_on_drop: Vec<WrittenOnDrop>,
}

impl Log {
    /// The log of a service: where its configuration says, and its spans. Its
    /// file, if there is one, is opened anew at every SIGHUP. Call it within a
    /// tokio runtime.
    pub(crate) fn of_service(config: &LogConfig) -> anyhow::Result<Self> {
        let file = match &config.file {
            None => None,
            Some(path) => {
                let file = LogFile::open(path.clone(), config.rotation);
                Some(file.with_context(|| format!("LOG_FILE: {}", path.display()))?)
            }
        };
        let traces = config.collector.as_deref().map(Traces::to).transpose()?;
        let log = Self::start(config, "info", file, traces)?;
        let mut hung_up = signal(SignalKind::hangup())?;
        let outlets = log.outlets.clone();
        tokio::spawn(async move {
            while hung_up.recv().await.is_some() {
                outlets.reopen();
            }
        });
        Ok(log)
    }

    /// The log of a command, whose user wants its result: warnings, to stderr. A
    /// file belongs to one process, which may be running beside it.
    pub(crate) fn of_command(config: &LogConfig) -> anyhow::Result<Self> {
        Self::start(config, "warn", None, None)
    }

    /// Has events written. Those of the target `access`, one per request, can be
    /// switched off by themselves (`LOG_LEVEL=info,access=off`).
    fn start(
        config: &LogConfig,
        default_level: &str,
        file: Option<LogFile>,
        traces: Option<Traces>,
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
        let filter = filter(level).context("LOG_LEVEL: it is no filter")?;
        let filter = filter
            .add_directive(format!("{SPANS}=off").parse()?)
            // The client that spans are sent with, which spells out its headers.
            .add_directive("ureq=warn".parse()?);
        let outlets = Outlets { buffers, coloured };
        let lines = fmt::layer().with_writer(outlets.clone()).with_ansi(coloured);
        // A filter of one layer costs every line something, one of all does not.
        let registry = tracing_subscriber::registry();
        match (config.format, &traces) {
            (LogFormat::Pretty, None) => registry.with(lines).with(filter).init(),
            (LogFormat::Json, None) => {
                registry.with(lines.event_format(JsonLines)).with(filter).init();
            }
            (LogFormat::Pretty, Some(traces)) => {
                registry.with(lines.with_filter(filter)).with(traces.layer()).init();
            }
            (LogFormat::Json, Some(traces)) => {
                let lines = lines.event_format(JsonLines).with_filter(filter);
                registry.with(lines).with(traces.layer()).init();
            }
        }
        Ok(Self { outlets, _traces: traces, _written_on_drop: written_on_drop })
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
