use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_ports::AddMetric;

use crate::auth::AdminKey;
use crate::documented::{in_envelope, responses, schemas_of};
use crate::envelope;
use crate::error::ApiError;
use crate::json_body::JsonBody;
use crate::query::{NoParameters, Query};
use crate::services::Services;
use crate::unread::Unread;
use crate::wire::{Metric, NewMetric, Refusal};

/// The metric as it is defined.
#[derive(Debug)]
pub(crate) struct Defined {
    metric: Metric,
    /// Whether it was added now.
    is_new: bool,
}

impl Responder for Defined {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = if self.is_new { StatusCode::CREATED } else { StatusCode::OK };
        HttpResponse::build(status)
            .content_type(envelope::JSON)
            .body(envelope::success(&self.metric, None))
    }
}

impl ApiComponent for Defined {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<Metric>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let content = in_envelope::<Metric>;
        Some(responses([
            ("200", "It was defined so before; nothing changed.", content()),
            ("201", "It was added.", content()),
        ]))
    }
}

/// Define a metric of your own
///
/// Runs may then measure it, and rankings rank by it, as by the built-in ones.
/// What a name stands for never changes, since values under two definitions are
/// two metrics: the same again changes nothing, and another unit, direction or
/// definition under a known name is refused. Other replicas know the metric within
/// 5 seconds.
#[api_operation(
    tag = "catalogue",
    operation_id = "defineMetric",
    error_code = 400,
    error_code = 401,
    error_code = 403,
    error_code = 408,
    error_code = 409,
    error_code = 413,
    error_code = 415,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn define_metric(
    key: AdminKey,
    parameters: Query<NoParameters>,
    body: Unread<JsonBody<NewMetric>>,
    services: Data<Services>,
) -> Result<Defined, ApiError> {
    let NoParameters {} = parameters.into_inner()?;
    let JsonBody(new) = body.read(&key).await?;
    let metric =
        new.into_domain().map_err(|Refusal { path, reason }| ApiError::invalid(path, reason))?;
    let is_new = match services.define_metric.run(&metric).await? {
        AddMetric::Added => true,
        AddMetric::Known => false,
        AddMetric::Conflict => {
            let message = format!(
                "name: {} stands for another metric, which GET /api/v1/metrics tells of",
                metric.name
            );
            return Err(ApiError::conflict(message));
        }
    };
    if is_new {
        tracing::info!(metric = %metric.name, by = %key.principal(), "a metric was defined");
    }
    Ok(Defined { metric: (&metric).into(), is_new })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::{Value, json};

    use crate::testing::{Answer, KEY, TestApp};
    use crate::wire::{Example, NewMetric};

    async fn define(app: &TestApp, metric: &Value) -> Answer {
        let request = TestRequest::post().uri("/api/v1/metrics").insert_header(("X-API-Key", KEY));
        app.call(request.set_json(metric)).await
    }

    fn energy() -> Value {
        json!(NewMetric::example())
    }

    #[actix_web::test]
    async fn a_metric_is_ranked_once_it_is_defined() {
        let app = TestApp::empty();
        let run = json!({
            "llm_name": "swift",
            "started_at": "2025-01-31T12:00:00Z",
            "metrics": { "energy": { "samples": [3.0, 4.0] } },
        });
        let push = async || app.post("application/json", run.to_string()).await;
        push().await.refusal(422);
        app.get("/api/v1/benchmark/ENERGY").await.refusal(404);
        assert_eq!(define(&app, &energy()).await.status, 201);
        assert_eq!(push().await.status, 201);
        let ranking = app.get("/api/v1/benchmark/energy").await.data();
        assert_eq!((&ranking[0]["unit"], &ranking[0]["value"]), (&"J/token".into(), &3.5.into()));
    }

    #[actix_web::test]
    async fn the_same_again_changes_nothing() {
        let app = TestApp::empty();
        let first = define(&app, &energy()).await;
        let mut lower = energy();
        lower["name"] = "energy".into();
        let again = define(&app, &lower).await;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
        assert_eq!(first.data(), again.data());
    }

    #[actix_web::test]
    async fn a_name_keeps_its_definition_built_in_or_not() {
        let app = TestApp::empty();
        define(&app, &energy()).await.data();
        let before = app.get("/api/v1/metrics").await.data();
        let mut built_in = energy();
        built_in["name"] = "TTFT".into();
        let mut others = vec![built_in];
        for (name, value) in [("unit", "kJ"), ("better", "higher"), ("definition", "Other.")] {
            let mut other = energy();
            other[name] = value.into();
            others.push(other);
        }
        for other in others {
            let message = define(&app, &other).await.refusal(409);
            assert!(message.starts_with("name: "), "{message}");
        }
        assert_eq!(app.get("/api/v1/metrics").await.data(), before);
    }

    #[actix_web::test]
    async fn what_cannot_be_is_refused_by_its_place_and_nothing_is_defined() {
        let app = TestApp::empty();
        let before = app.get("/api/v1/metrics").await.data();
        let with = |name: &str, value: Value| {
            let mut metric = energy();
            metric[name] = value;
            metric
        };
        for (metric, place) in [
            (with("name", json!("")), "name: "),
            (with("name", json!("2X")), "name: "),
            (with("name", json!("x".repeat(21))), "name: "),
            (with("unit", json!(" ")), "unit: "),
            (with("unit", json!("x".repeat(21))), "unit: "),
            (with("better", json!("faster")), "better: "),
            (with("definition", json!("")), "definition: "),
            (with("definition", json!("a\u{0}b")), "definition: "),
            (with("definition", json!("x".repeat(501))), "definition: "),
            (with("colour", json!("red")), "colour: "),
            (json!({ "name": "X" }), "body: "),
            (json!(["X", "s", "lower", "X."]), "body: "),
        ] {
            let message = define(&app, &metric).await.refusal(422);
            assert!(message.starts_with(place), "{place}: {message}");
        }
        assert_eq!(app.get("/api/v1/metrics").await.data(), before);
    }
}
