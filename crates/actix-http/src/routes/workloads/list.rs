use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::WorkloadSlug;

use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::page::{PageParameters, parse_limit, unknown_cursor};
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Workload;

/// Every workload that has runs, by slug
#[api_operation(
    tag = "catalogue",
    operation_id = "listWorkloads",
    error_code = 401,
    error_code = 403,
    error_code = 422,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn workloads(
    _key: ReadKey,
    parameters: Query<PageParameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<Workload>>, ApiError> {
    let PageParameters { limit, after } = parameters.0;
    let limit = parse_limit(limit.as_deref())?;
    let after = after.map(|after| WorkloadSlug::parse(&after)).transpose();
    let after = after.map_err(|_| unknown_cursor())?;
    let workloads = services.browse_catalogue.workloads(after.as_ref(), limit).await?;
    let workloads: Vec<_> = workloads.iter().map(Workload::from).collect();
    Ok(Shown::new(&workloads, &*services.clock))
}
