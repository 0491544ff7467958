use std::io::Write;

use benchmark_actix_http::wire;
use benchmark_application::{CompareError, ComparedMetric, ComparisonQuery, ComparisonView};
use benchmark_domain::{
    ComparedPair, ConfidenceInterval, Figure, LlmId, LlmReference, Metric, MetricName, Statistic,
    Window, WorkloadSlug,
};
use benchmark_ports::LoadError;

use crate::compose::UseCases;
use crate::config::Config;
use crate::json;
use crate::outcome::Refused;
use crate::table::table;

/// Which LLMs to compare, and by what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The LLMs: each by its id, its name, or provider/name
    #[arg(required = true, num_args = 2.., value_name = "LLM", value_parser = LlmReference::parse)]
    llms: Vec<LlmReference>,
    /// Only this metric [default: every metric]
    #[arg(long, value_parser = MetricName::parse)]
    metric: Option<MetricName>,
    /// The workload [default: DEFAULT_WORKLOAD]
    #[arg(long, value_parser = WorkloadSlug::parse)]
    workload: Option<WorkloadSlug>,
    /// The runs that count: latest, all, or a duration such as 24h or 7d
    #[arg(long, default_value = "latest", value_parser = Window::parse)]
    window: Window,
    /// The number to compare: mean, p50, p90, p95 or p99
    #[arg(long, default_value = "mean", value_parser = Statistic::parse)]
    statistic: Statistic,
    /// Print the API's JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Prints how LLMs differ.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let Args { llms, metric, workload, window, statistic, json } = args;
    let use_cases = UseCases::open(config).await?;
    let workload = workload.unwrap_or_else(|| config.default_workload.clone());
    let query = ComparisonQuery { llms, metric, workload, window, statistic };
    let view = use_cases.compare_llms.run(&query).await.map_err(|error| match error {
        CompareError::Load(LoadError::Store(error)) => anyhow::Error::new(error),
        refusal => Refused(refusal.to_string()).into(),
    })?;
    let mut stdout = std::io::stdout().lock();
    if json {
        json::print(&wire::Comparison::from(&view), &mut stdout)?;
    } else {
        print(&view, &mut stdout)?;
    }
    view.message.iter().for_each(|message| eprintln!("{message}"));
    for ComparedMetric { metric, message, .. } in &view.metrics {
        message.iter().for_each(|message| eprintln!("{}: {message}", metric.name));
    }
    Ok(())
}

fn print(view: &ComparisonView, out: &mut impl Write) -> std::io::Result<()> {
    let ComparisonView { llms: _, workload, window, statistic, metrics, message: _ } = view;
    writeln!(out, "{statistic} on {workload}, runs: {window}")?;
    let pairs = metrics.iter().flat_map(|ComparedMetric { metric, comparison, message: _ }| {
        comparison.pairs.iter().map(move |pair| row(view, metric, pair))
    });
    let columns = [
        "metric",
        "LLM",
        ">value",
        "other LLM",
        ">value",
        ">difference",
        "95 % interval",
        ">ratio",
        "95 % interval",
        "verdict",
        ">more runs",
    ];
    writeln!(out, "{}", table(columns, pairs))
}

fn row(view: &ComparisonView, metric: &Metric, pair: &ComparedPair) -> [String; 11] {
    [
        format!("{} ({})", metric.name, metric.unit),
        name(view, pair.first),
        Figure(pair.first_value).to_string(),
        name(view, pair.second),
        Figure(pair.second_value).to_string(),
        Figure(pair.difference).to_string(),
        range(pair.difference_interval),
        pair.ratio.map_or_else(unknown, |ratio| Figure(ratio).to_string()),
        range(pair.ratio_interval),
        verdict(view, metric, pair),
        pair.more_runs.map_or_else(|_| unknown(), |more| more.to_string()),
    ]
}

fn verdict(view: &ComparisonView, metric: &Metric, pair: &ComparedPair) -> String {
    let first_is_better = metric.direction.compare(pair.first_value, pair.second_value).is_lt();
    let better = if first_is_better { pair.first } else { pair.second };
    let verdict = match pair.p_value {
        None => unknown(),
        Some(_) if pair.is_significant() => format!("{} is better", name(view, better)),
        Some(_) => "not significant".to_owned(),
    };
    if pair.provisional { format!("{verdict}, provisional") } else { verdict }
}

fn name(view: &ComparisonView, id: LlmId) -> String {
    let llm = view.llms.iter().find(|llm| llm.id() == id);
    llm.map_or_else(|| id.to_string(), ToString::to_string)
}

fn range(interval: Option<ConfidenceInterval>) -> String {
    interval
        .map_or_else(unknown, |range| format!("{} .. {}", Figure(range.low), Figure(range.high)))
}

fn unknown() -> String {
    "unknown".to_owned()
}
