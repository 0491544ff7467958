use std::io::Write;

use benchmark_actix_http::wire;
use benchmark_application::{HistoryError, HistoryQuery};
use benchmark_domain::{
    Bucket, Figure, HistorySpan, InvalidHistorySpan, LlmReference, MetricName, Timestamp,
    WorkloadSlug,
};
use benchmark_ports::{LoadError, PageLimit};

use crate::commands::rank::page_limit;
use crate::compose::UseCases;
use crate::config::Config;
use crate::json;
use crate::outcome::Refused;
use crate::sparkline::sparkline;
use crate::table::table;

/// Which history to print.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The metric, such as TTFT or TPS
    #[arg(value_parser = MetricName::parse)]
    metric: MetricName,
    /// Only this LLM: its id, its name, or provider/name
    #[arg(long, value_parser = LlmReference::parse)]
    llm: Option<LlmReference>,
    /// The workload [default: DEFAULT_WORKLOAD]
    #[arg(long, value_parser = WorkloadSlug::parse)]
    workload: Option<WorkloadSlug>,
    /// The first moment that counts, such as 2026-01-31T12:00:00Z
    #[arg(long, value_parser = wire::moment)]
    from: Option<Timestamp>,
    /// The first moment that does not count any more
    #[arg(long, value_parser = wire::moment)]
    to: Option<Timestamp>,
    /// Only the last publication of each 15m, 1h, 1d, ...
    #[arg(long, value_parser = Bucket::parse)]
    bucket: Option<Bucket>,
    /// How many publications to show at most, the last ones (1 to 1000)
    #[arg(long, default_value = "1000", value_parser = page_limit)]
    limit: PageLimit,
    /// Print the API's JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// How many bars a trend has at most.
const TREND_WIDTH: usize = 40;

/// Prints how value and rank of LLMs changed over time.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let Args { metric, llm, workload, from, to, bucket, limit, json } = args;
    let use_cases = UseCases::open(config).await?;
    let span = HistorySpan::new(from, to, bucket, use_cases.clock.now()).map_err(|error| {
        let option = match error {
            InvalidHistorySpan::Reversed => "--from",
            InvalidHistorySpan::TooManyBuckets { .. } => "--bucket",
        };
        Refused(format!("{option}: {error}"))
    })?;
    let workload = workload.unwrap_or_else(|| config.default_workload.clone());
    let query = HistoryQuery { metric, workload, llm, span, limit };
    let view = use_cases.read_history.run(&query).await.map_err(|error| match error {
        HistoryError::Load(LoadError::Store(error)) => anyhow::Error::new(error),
        refusal => Refused(refusal.to_string()).into(),
    })?;
    let history = wire::History::from(&view);
    let mut stdout = std::io::stdout().lock();
    if json {
        json::print(&history, &mut stdout)?;
    } else {
        print(&history, &mut stdout)?;
    }
    if let Some(message) = &view.message {
        eprintln!("{message}");
    }
    Ok(())
}

fn print(history: &wire::History, out: &mut impl Write) -> std::io::Result<()> {
    let wire::History { metric, unit, better, workload, series } = history;
    let better = benchmark_domain::Direction::from(*better).as_str();
    writeln!(out, "{metric} ({unit}, {better} is better) on {workload}")?;
    let rows = series.iter().filter_map(|series| {
        let (first, last) = (series.points.first()?, series.points.last()?);
        let values: Vec<_> = series.points.iter().map(|point| point.value).collect();
        Some([
            last.rank.to_string(),
            series.llm.llm_name.clone(),
            series.llm.provider.clone().unwrap_or_default(),
            Figure(first.value).to_string(),
            Figure(last.value).to_string(),
            values.len().to_string(),
            sparkline(&values, TREND_WIDTH),
            last.published_at.clone(),
        ])
    });
    let columns =
        [">rank", "LLM", "provider", ">first", ">last", ">points", "trend", "last published"];
    writeln!(out, "{}", table(columns, rows))
}
