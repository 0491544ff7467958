use actix_web::web::Data;
use apistos::api_operation;

use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::query::{NoParameters, Query};
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Metric;

/// Every metric: its unit, its direction, its definition
#[api_operation(
    tag = "catalogue",
    operation_id = "listMetrics",
    error_code = 401,
    error_code = 403,
    error_code = 422,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn metrics(
    _key: ReadKey,
    _: Query<NoParameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<Metric>>, ApiError> {
    let metrics = services.browse_catalogue.metrics().await?;
    let metrics: Vec<_> = metrics.iter().map(Metric::from).collect();
    Ok(Shown::new(&metrics, &*services.clock))
}
