use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::LlmId;

use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::path::{Id, Segment};
use crate::query::{NoParameters, Query};
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Llm;

/// One LLM
#[api_operation(
    tag = "catalogue",
    operation_id = "getLlm",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn llm(
    _key: ReadKey,
    Segment(id): Segment<Id>,
    parameters: Query<NoParameters>,
    services: Data<Services>,
) -> Result<Shown<Llm>, ApiError> {
    let NoParameters {} = parameters.into_inner()?;
    let not_found = || ApiError::not_found("There is no LLM with this id");
    let id = id.ok_or_else(not_found)?;
    let llm = services.browse_catalogue.llm(LlmId(id)).await?.ok_or_else(not_found)?;
    Ok(Shown::new(&(&llm).into(), &*services.clock))
}

#[cfg(test)]
mod tests {
    use benchmark_port_contracts::fixtures::{a_run, llm};

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn an_llm_is_found_by_its_id() {
        let app = TestApp::with(&[a_run().llm("swift").build()]).await;
        let path = format!("/api/v1/llms/{}", llm("swift").id());
        let expected = serde_json::json!({
            "id": llm("swift").id().to_string(), "llm_name": "swift", "provider": null,
        });
        assert_eq!(app.get(&path).await.data(), expected);
    }

    #[actix_web::test]
    async fn whatever_is_no_id_of_an_llm_is_not_found() {
        let app = TestApp::empty();
        for path in [format!("/api/v1/llms/{}", llm("nobody").id()), "/api/v1/llms/x".to_owned()] {
            app.get(&path).await.refusal(404);
        }
    }
}
