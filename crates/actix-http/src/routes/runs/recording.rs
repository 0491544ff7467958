//! What the two ways to record runs have in common.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use benchmark_application::{RecordRunsError, Submitted};
use benchmark_domain::Run;
use benchmark_ports::{IdempotencyKey, Submission};
use serde::Serialize;
use tracing::Instrument;

use crate::auth::WriteKey;
use crate::envelope;
use crate::error::ApiError;
use crate::headers::IDEMPOTENT_REPLAYED;
use crate::services::Services;
use crate::turns::Turn;
use crate::wire::RecordedRun;

/// What became of runs, in the order in which they were sent.
#[derive(Debug)]
pub(super) struct Recording {
    runs: Vec<RecordedRun>,
    /// Whether this was answered before, under the same idempotency key.
    replayed: bool,
}

impl Recording {
    /// Records runs, for the holder of a key; where a request was sent under an
    /// idempotency key, once, told by its digest. Whose turn it is keeps it until they
    /// are recorded.
    ///
    /// # Errors
    /// What `refuse` says of what is wrong with the runs, else what the store
    /// says.
    pub(super) async fn of(
        runs: Vec<Run>,
        key: &WriteKey,
        sent_under: Option<(IdempotencyKey, [u8; 32])>,
        turn: Option<Turn>,
        services: &Data<Services>,
        refuse: impl FnOnce(RecordRunsError) -> ApiError,
    ) -> Result<Self, ApiError> {
        let submission = sent_under.map(|(name, digest)| Submission {
            sender: key.principal().to_string(),
            key: name,
            digest,
        });
        let record_runs = Arc::clone(&services.record_runs);
        // A task of its own: a caller who goes away midway shall not leave runs
        // recorded that other replicas have not heard of.
        let recording = async move {
            let recorded = match &submission {
                None => record_runs.run(&runs).await.map(Submitted::Now),
                Some(submission) => record_runs.submit(&runs, submission).await,
            };
            drop(turn);
            (runs, recorded)
        };
        let recording = services.recording.spawn(recording.in_current_span());
        let (runs, recorded) = recording.await.map_err(ApiError::internal)?;
        let (outcomes, replayed) = match recorded {
            Ok(Submitted::Now(outcomes)) => (outcomes, false),
            Ok(Submitted::Before(outcomes)) => (outcomes, true),
            Err(RecordRunsError::KeyTaken) => return Err(ApiError::key_taken()),
            Err(RecordRunsError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(refuse(error)),
        };
        Ok(Self { runs: RecordedRun::all_of(&runs, &outcomes), replayed })
    }

    /// 201 where a run is new, else 200 with a message.
    pub(super) fn answer<T: Serialize>(
        self,
        data: impl FnOnce(Vec<RecordedRun>) -> T,
        known: Option<&str>,
    ) -> HttpResponse {
        let any_new = self.runs.iter().any(|run| run.new);
        let (status, message) = match any_new {
            true => (StatusCode::CREATED, None),
            false => (StatusCode::OK, known),
        };
        let mut response = HttpResponse::build(status);
        if self.replayed {
            response.insert_header((IDEMPOTENT_REPLAYED, "true"));
        }
        response.content_type(envelope::JSON).body(envelope::success(&data(self.runs), message))
    }
}
