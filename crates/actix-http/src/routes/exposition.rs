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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use crate::testing::TestApp;

    async fn text(app: &TestApp) -> String {
        let answer = app.call(TestRequest::with_uri("/metrics")).await;
        assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn requests_are_counted_by_route_and_not_by_path() {
        let app = TestApp::empty();
        app.get("/api/v1/benchmark/TTFT").await;
        app.get("/api/v1/benchmark/TPS").await;
        let line =
            r#"requests_total{method="GET",route="/api/v1/benchmark/{metric}",status="200"} 2"#;
        assert!(text(&app).await.contains(line));
    }

    #[actix_web::test]
    async fn unknown_paths_share_one_label() {
        let app = TestApp::empty();
        app.get("/nothing").await;
        app.get("/api/v1/benchmark/a/b").await;
        let text = text(&app).await;
        assert!(text.contains(r#"requests_total{method="GET",route="unmatched",status="404"} 2"#));
        assert!(!text.contains("/nothing"));
    }

    #[actix_web::test]
    async fn the_question_itself_is_in_flight() {
        assert!(text(&TestApp::empty()).await.contains("http_requests_in_flight 1\n"));
    }
}
