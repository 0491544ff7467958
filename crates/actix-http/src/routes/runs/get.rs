use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::RunId;

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
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn run(
    _key: ReadKey,
    Segment(id): Segment<Id>,
    parameters: Query<NoParameters>,
    services: Data<Services>,
) -> Result<Shown<Run>, ApiError> {
    let NoParameters {} = parameters.into_inner()?;
    let not_found = || ApiError::not_found("There is no run with this id");
    let id = id.ok_or_else(not_found)?;
    let run = services.browse_catalogue.run(RunId(id)).await?.ok_or_else(not_found)?;
    Ok(Shown::new(&(&run).into(), &*services.clock))
}

#[cfg(test)]
mod tests {
    use benchmark_domain::{ReportedSummary, metrics};
    use benchmark_port_contracts::fixtures::{a_run, full_figures};

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn a_run_tells_what_was_measured_and_how() {
        let run = a_run()
            .provider("acme")
            .tool("probe", Some("1.2"))
            .requests(4, 1)
            .ttft(&[0.1, 0.2, 0.3])
            .reported(metrics::TPS, ReportedSummary { count: Some(3), ..full_figures() })
            .build();
        let app = TestApp::with(std::slice::from_ref(&run)).await;
        let shown = app.get(&format!("/api/v1/runs/{}", run.id())).await.data();
        for (pointer, value) in [
            ("/id", run.id().to_string().into()),
            ("/llm/provider", "acme".into()),
            ("/tool_version", "1.2".into()),
            ("/failed_requests", 1.into()),
            ("/metrics/TTFT/sampled", true.into()),
            ("/metrics/TTFT/count", 3.into()),
            ("/metrics/TPS/sampled", false.into()),
            ("/metrics/TPS/p99", full_figures().quantiles.p99.into()),
            ("/metrics/ERROR_RATE/mean", 0.25.into()),
        ] {
            assert_eq!(shown.pointer(pointer), Some(&value), "{pointer}");
        }
    }

    #[actix_web::test]
    async fn whatever_is_no_id_of_a_run_is_not_found() {
        let app = TestApp::empty();
        for path in [format!("/api/v1/runs/{}", a_run().build().id()), "/api/v1/runs/1".to_owned()]
        {
            app.get(&path).await.refusal(404);
        }
    }
}
