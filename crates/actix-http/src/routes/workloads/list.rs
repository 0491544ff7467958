use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::WorkloadSlug;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::page::parse_limit;
use crate::query::{Query, parse};
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::{SLUG, Workload};

/// Which page.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// How many workloads are shown at most; 100 where it is left out.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// The `slug` of the last workload of the page before; the first page where
    /// it is left out.
    #[schemars(regex = "SLUG")]
    after: Option<String>,
}

/// Every workload that has runs, by slug
#[api_operation(
    tag = "catalogue",
    operation_id = "listWorkloads",
    error_code = 401,
    error_code = 403,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn workloads(
    _key: ReadKey,
    parameters: Query<Parameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<Workload>>, ApiError> {
    let Parameters { limit, after } = parameters.into_inner()?;
    let limit = parse_limit(limit.as_deref())?;
    let after = parse("after", after.as_deref(), WorkloadSlug::parse)?;
    let workloads = services.browse_catalogue.workloads(after.as_ref(), limit).await?;
    let workloads: Vec<_> = workloads.iter().map(Workload::from).collect();
    Ok(Shown::new(&workloads, &*services.clock))
}

#[cfg(test)]
mod tests {
    use benchmark_domain::Conditions;
    use benchmark_port_contracts::fixtures::a_run;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn workloads_show_their_conditions_page_by_page() {
        let conditions = Conditions { input_tokens: Some(550), ..Conditions::default() };
        let app = TestApp::with(&[
            a_run().workload("chat").conditions(conditions).build(),
            a_run().workload("batch").build(),
        ])
        .await;
        let first = app.get("/api/v1/workloads?limit=1").await.data();
        assert_eq!(first[0]["slug"], "batch");
        let second = app.get("/api/v1/workloads?after=batch").await.data();
        assert_eq!(second[0]["slug"], "chat");
        assert_eq!(second[0]["conditions"]["input_tokens"], 550);
        assert_eq!(second[0]["conditions"]["region"], serde_json::Value::Null);
    }

    #[actix_web::test]
    async fn an_after_that_is_no_slug_is_refused() {
        TestApp::empty().get("/api/v1/workloads?after=%2F").await.refusal(422);
    }
}
