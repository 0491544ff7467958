use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_application::RecordRunsError;
use benchmark_domain::Run;
use benchmark_ports::RecordOutcome;

use super::submission::Submission;
use crate::auth::WriteKey;
use crate::documented::{in_envelope, responses, schemas_of};
use crate::envelope;
use crate::error::ApiError;
use crate::query::{NoParameters, Query};
use crate::services::Services;
use crate::wire::{RecordedRun, Refusal};

/// What became of each run, in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct Recorded(Vec<RecordedRun>);

impl Recorded {
    fn new(runs: &[Run], outcomes: &[RecordOutcome]) -> Self {
        let recorded = |(run, outcome): (&Run, &RecordOutcome)| RecordedRun {
            id: run.id().to_string(),
            new: *outcome == RecordOutcome::New,
        };
        Self(runs.iter().zip(outcomes).map(recorded).collect())
    }
}

impl Responder for Recorded {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let any_new = self.0.iter().any(|run| run.new);
        let status = if any_new { StatusCode::CREATED } else { StatusCode::OK };
        HttpResponse::build(status)
            .content_type(envelope::JSON)
            .body(envelope::success(&self.0, None))
    }
}

impl ApiComponent for Recorded {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<Vec<RecordedRun>>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let content = in_envelope::<Vec<RecordedRun>>;
        Some(responses([
            ("200", "All of them were recorded before; nothing changed.", content()),
            ("201", "At least one was new; all are recorded, durably.", content()),
        ]))
    }
}

/// Record runs, all of them or none
///
/// One run as a JSON object, several as an array, or one per line
/// (`application/x-ndjson`). The body may be gzipped. A run that says exactly
/// what a recorded one says is that run: sending it again changes nothing.
#[api_operation(
    tag = "runs",
    operation_id = "recordRuns",
    error_code = 400,
    error_code = 401,
    error_code = 403,
    error_code = 408,
    error_code = 413,
    error_code = 415,
    error_code = 422,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn record_runs(
    _key: WriteKey,
    _: Query<NoParameters>,
    submission: Submission,
    services: Data<Services>,
) -> Result<Recorded, ApiError> {
    // Megabytes take tens of milliseconds to parse, in which this worker
    // answers thousands of others.
    let (submission, runs) = web::block(move || {
        let runs = submission.parse();
        (submission, runs)
    })
    .await
    .map_err(ApiError::internal)?;
    let runs = runs?;
    let outcomes = services.record_runs.run(&runs).await.map_err(|error| match error {
        RecordRunsError::Nothing => ApiError::invalid("body", error),
        RecordRunsError::UnknownMetric { run, .. } => submission
            .refuse(run, &Refusal { path: "metrics".to_owned(), reason: error.to_string() }),
        RecordRunsError::Store(error) => error.into(),
    })?;
    Ok(Recorded::new(&runs, &outcomes))
}
