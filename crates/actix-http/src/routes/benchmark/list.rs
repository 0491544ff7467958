use actix_web::web::Data;
use apistos::api_operation;
use benchmark_ports::Subject;

use super::parameters::RankingParameters;
use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Ranking;

/// The rankings by every metric on one workload
///
/// One per metric, by name; `limit` and `offset` apply to each.
#[api_operation(
    tag = "rankings",
    operation_id = "listRankings",
    error_code = 401,
    error_code = 403,
    error_code = 422,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn rankings(
    _key: ReadKey,
    parameters: Query<RankingParameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<Ranking>>, ApiError> {
    let question = parameters.0.question(Subject::AllMetrics, &services.default_workload)?;
    Ok(Shown::encoded(services.read_ranking.run(&question).await?))
}
