use actix_web::HttpResponse;
use actix_web::web::Data;
use apistos::api_operation;
use prometheus::TextEncoder;

use crate::error::ApiError;
use crate::services::Services;

/// Every counter, gauge and histogram, for Prometheus
#[api_operation(
    tag = "operations",
    operation_id = "getExposition",
    produces = "text/plain",
    error_code = 500
)]
pub(crate) async fn exposition(services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let text = TextEncoder::new()
        .encode_to_string(&services.metrics.gather())
        .map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}
