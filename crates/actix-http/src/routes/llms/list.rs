use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::{LlmId, uuid::Uuid};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::page::{nothing_after, parse_id, parse_limit};
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Llm;

/// Which page.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// How many LLMs are shown at most; 100 where it is left out.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// The `id` of the last LLM of the page before; the first page where it is
    /// left out.
    #[schemars(with = "Uuid")]
    after: Option<String>,
}

/// Every LLM that was measured, by name
#[api_operation(
    tag = "catalogue",
    operation_id = "listLlms",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn llms(
    _key: ReadKey,
    parameters: Query<Parameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<Llm>>, ApiError> {
    let Parameters { limit, after } = parameters.into_inner()?;
    let limit = parse_limit(limit.as_deref())?;
    let after = parse_id("after", after.as_deref())?.map(LlmId);
    let llms = services.browse_catalogue.llms(after, limit).await?.ok_or_else(nothing_after)?;
    let llms: Vec<_> = llms.iter().map(Llm::from).collect();
    Ok(Shown::new(&llms, &*services.clock))
}

#[cfg(test)]
mod tests {
    use benchmark_port_contracts::fixtures::a_run;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn pages_follow_each_other_by_the_last_id() {
        let runs = ["a", "b", "c"].map(|name| a_run().llm(name).build());
        let app = TestApp::with(&runs).await;
        let first = app.get("/api/v1/llms?limit=2").await.data();
        assert_eq!((&first[0]["llm_name"], &first[1]["llm_name"]), (&"a".into(), &"b".into()));
        let after = first[1]["id"].as_str().unwrap();
        let second = app.get(&format!("/api/v1/llms?limit=2&after={after}")).await.data();
        assert_eq!(second.as_array().unwrap().len(), 1);
        assert_eq!(second[0]["llm_name"], "c");
    }

    #[actix_web::test]
    async fn an_after_that_leads_nowhere_is_refused() {
        let app = TestApp::empty();
        let nobody = "00000000-0000-8000-8000-000000000000";
        for (after, status) in [("x", 422), (nobody, 404)] {
            let message = app.get(&format!("/api/v1/llms?after={after}")).await.refusal(status);
            assert!(message.starts_with("after: "), "{message}");
        }
    }
}
