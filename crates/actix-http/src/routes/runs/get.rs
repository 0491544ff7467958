use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::{RunId, uuid::Uuid};

use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::path::{Id, Segment};
use crate::query::{NoParameters, Query};
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Run;

/// One run
#[api_operation(
    tag = "runs",
    operation_id = "getRun",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn run(
    _key: ReadKey,
    id: Segment<Id>,
    _: Query<NoParameters>,
    services: Data<Services>,
) -> Result<Shown<Run>, ApiError> {
    let not_found = || ApiError::not_found("There is no run with this id");
    let id = Uuid::try_parse(id.as_str()).map_err(|_| not_found())?;
    let run = services.browse_catalogue.run(RunId(id)).await?.ok_or_else(not_found)?;
    Ok(Shown::new(&(&run).into(), &*services.clock))
}
