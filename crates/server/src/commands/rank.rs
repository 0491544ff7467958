use std::io::Write;

use anyhow::Context;
use benchmark_actix_http::wire;
use benchmark_domain::{Figure, MetricName, Provider, Statistic, Tier, Window, WorkloadSlug};
use benchmark_ports::{LoadError, PageLimit, RankingQuery, RankingView, Subject};

use crate::compose::UseCases;
use crate::config::Config;
use crate::json;
use crate::outcome::Refused;
use crate::table::table;

/// What to rank, and by what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The metric, such as TTFT or TPS
    #[arg(value_parser = MetricName::parse)]
    metric: MetricName,
    /// The workload [default: DEFAULT_WORKLOAD]
    #[arg(long, value_parser = WorkloadSlug::parse)]
    workload: Option<WorkloadSlug>,
    /// The runs that count: latest, all, or a duration such as 24h or 7d
    #[arg(long, default_value = "latest", value_parser = Window::parse)]
    window: Window,
    /// The number to rank by: mean, p50, p90, p95 or p99
    #[arg(long, default_value = "mean", value_parser = Statistic::parse)]
    statistic: Statistic,
    /// Show only the LLMs of this provider
    #[arg(long, value_parser = Provider::parse)]
    provider: Option<Provider>,
    /// How many entries to show at most (1 to 1000)
    #[arg(long, default_value = "100", value_parser = page_limit)]
    limit: PageLimit,
    /// Print the API's JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(crate) fn page_limit(text: &str) -> Result<PageLimit, String> {
    let items = text.parse().map_err(|_| format!("{text:?} is not a whole number"))?;
    PageLimit::new(items).map_err(|error| error.to_string())
}

/// Prints a ranking.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let Args { metric, workload, window, statistic, provider, limit, json } = args;
    let use_cases = UseCases::open(config).await?;
    let query = RankingQuery {
        subject: Subject::Metric(metric),
        workload: workload.unwrap_or_else(|| config.default_workload.clone()),
        window,
        statistic,
        provider,
        limit,
        offset: 0,
    };
    let rankings = use_cases.read_ranking.views(&query).await.map_err(|error| match error {
        LoadError::UnknownMetric { .. } => Refused(error.to_string()).into(),
        LoadError::Store(error) => anyhow::Error::new(error),
    })?;
    let ranking = rankings.first().context("a metric has one ranking")?;
    let mut stdout = std::io::stdout().lock();
    if json {
        json::print(&wire::RankingEntry::all_of(ranking), &mut stdout)?;
    } else {
        print(ranking, &mut stdout)?;
    }
    if let Some(message) = &ranking.message {
        eprintln!("{message}");
    }
    Ok(())
}

fn print(ranking: &RankingView, out: &mut impl Write) -> std::io::Result<()> {
    let RankingView { metric, query, ranking: _, message: _ } = ranking;
    let RankingQuery { workload, window, statistic, .. } = query;
    writeln!(
        out,
        "{} ({}, {} is better) by {statistic} on {workload}, runs: {window}",
        metric.name,
        metric.unit,
        metric.direction.as_str(),
    )?;
    if ranking.entries().next().is_none() {
        return Ok(());
    }
    let rows = ranking.entries().map(|entry| {
        let ranked = &entry.ranked;
        let interval = match ranked.interval {
            Some(interval) => format!("{} .. {}", Figure(interval.low), Figure(interval.high)),
            None => "unknown".to_owned(),
        };
        let failed = format!("{}/{}", ranked.requests.failed(), ranked.requests.attempted());
        let notes = [
            (ranked.tier == Tier::MostlyFailed).then_some("mostly failed"),
            ranked.provisional.then_some("provisional"),
        ];
        [
            ranked.rank.to_string(),
            format!("{}..{}", ranked.rank_interval.low, ranked.rank_interval.high),
            ranked.llm.name.to_string(),
            ranked.llm.provider.as_ref().map(ToString::to_string).unwrap_or_default(),
            Figure(ranked.value).to_string(),
            interval,
            ranked.run_count.to_string(),
            ranked.sample_count.to_string(),
            failed,
            notes.into_iter().flatten().collect::<Vec<_>>().join(", "),
        ]
    });
    let columns = [
        ">rank",
        ">may be",
        "LLM",
        "provider",
        ">value",
        "95 % interval",
        ">runs",
        ">samples",
        ">failed",
        "notes",
    ];
    writeln!(out, "{}", table(columns, rows))
}
