use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::{LlmId, uuid::Uuid};

use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::page::{PageParameters, parse_limit, unknown_cursor};
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Llm;

/// Every LLM that was measured, by name
#[api_operation(
    tag = "catalogue",
    operation_id = "listLlms",
    error_code = 401,
    error_code = 403,
    error_code = 422,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn llms(
    _key: ReadKey,
    parameters: Query<PageParameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<Llm>>, ApiError> {
    let PageParameters { limit, after } = parameters.0;
    let limit = parse_limit(limit.as_deref())?;
    let after = after.map(|after| Uuid::try_parse(&after).map(LlmId)).transpose();
    let after = after.map_err(|_| unknown_cursor())?;
    let llms = services.browse_catalogue.llms(after, limit).await?.ok_or_else(unknown_cursor)?;
    let llms: Vec<_> = llms.iter().map(Llm::from).collect();
    Ok(Shown::new(&llms, &*services.clock))
}
