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
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn metrics(
    _key: ReadKey,
    parameters: Query<NoParameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<Metric>>, ApiError> {
    let NoParameters {} = parameters.into_inner()?;
    let metrics = services.browse_catalogue.metrics().await?;
    let metrics: Vec<_> = metrics.iter().map(Metric::from).collect();
    Ok(Shown::new(&metrics, &*services.clock))
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;

    #[actix_web::test]
    async fn a_metric_says_what_it_measures_and_which_values_are_better() {
        let metrics = TestApp::empty().get("/api/v1/metrics").await.data();
        let ttft = metrics.as_array().unwrap().iter().find(|m| m["name"] == "TTFT").unwrap();
        assert_eq!((&ttft["unit"], &ttft["better"]), (&"s".into(), &"lower".into()));
        assert!(ttft["definition"].as_str().unwrap().contains("first non-empty"));
    }

    #[actix_web::test]
    async fn there_are_no_parameters() {
        let message = TestApp::empty().get("/api/v1/metrics?limit=1").await.refusal(422);
        assert!(message.contains("`limit`"), "{message}");
    }
}
