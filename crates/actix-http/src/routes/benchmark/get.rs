use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::MetricName;
use benchmark_ports::Subject;

use super::parameters::RankingParameters;
use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::path::{Named, Segment};
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::RankingEntry;

/// The metric in a path.
#[derive(Debug)]
pub(crate) struct Metric;

impl Named for Metric {
    const NAME: &'static str = "metric";
    const DESCRIPTION: &'static str = "The name of a metric, in upper or lower case.";
    const PATTERN: &'static str = "^[A-Za-z][A-Za-z0-9_]{0,19}$";
    const EXAMPLE: &'static str = "TTFT";
}

/// The ranking of the LLMs by one metric on one workload
///
/// The best one first. Every entry says how sure its rank is: `rank_low` and
/// `rank_high` enclose the ranks that the LLM may truly have. Where the workload
/// has no runs the list is empty and the message names the workloads that have.
#[api_operation(
    tag = "rankings",
    operation_id = "getRanking",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn ranking(
    _key: ReadKey,
    metric: Segment<Metric>,
    parameters: Query<RankingParameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<RankingEntry>>, ApiError> {
    let Ok(name) = MetricName::parse(metric.as_str()) else {
        return Err(no_such_metric(metric.as_str(), &services).await?);
    };
    let question = parameters.0.question(Subject::Metric(name), &services.default_workload)?;
    Ok(Shown::encoded(services.read_ranking.run(&question).await?))
}

/// A text that cannot be a metric's name is the name of no metric.
async fn no_such_metric(text: &str, services: &Services) -> Result<ApiError, ApiError> {
    let known = services.browse_catalogue.metrics().await?;
    let known: Vec<_> = known.iter().map(|metric| metric.name.as_str()).collect();
    let text: String = text.chars().take(50).collect();
    Ok(ApiError::not_found(format!("there is no metric {text}; there are {}", known.join(", "))))
}
