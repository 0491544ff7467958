use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_application::{RecordRunsError, Unfit};
use benchmark_domain::{LlmName, Provider, Timestamp, WorkloadSlug};
use benchmark_result_formats::{Format, Hints, Imported, Refusal, ResultFile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::recording::Recording;
use super::upload::Upload;
use crate::aside::aside;
use crate::auth::WriteKey;
use crate::documented::{in_envelope, responses, schemas_of};
use crate::error::ApiError;
use crate::idempotency::SentUnder;
use crate::query::{Query, parse};
use crate::services::Services;
use crate::unread::Unread;
use crate::wire::{ImportedFile, SLUG, VISIBLE, moment};

/// What the file does not say itself, or says otherwise.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// The file's format, the name of its tool; told from its content where it
    /// is left out.
    #[schemars(with = "FormatName")]
    format: Option<String>,
    /// The LLM's name.
    #[schemars(length(min = 1, max = 200), regex = "VISIBLE")]
    llm: Option<String>,
    /// Who served the LLM.
    #[schemars(length(min = 1, max = 100), regex = "VISIBLE")]
    provider: Option<String>,
    /// The workload. Where the file holds runs of several loads, each load
    /// follows the name: `chat-c5`, `chat-r2.5`; where they asked for several
    /// lengths, these do too: `chat-550in-150out-c5`.
    #[schemars(regex = "SLUG")]
    workload: Option<String>,
    /// When the runs started.
    #[schemars(with = "Timestamp")]
    at: Option<String>,
    /// Whatever else tells the workload apart, and names it where `workload` does
    /// not: `gpu=h100,region=eu`.
    #[schemars(length(min = 1))]
    labels: Option<String>,
    /// What the file is called.
    #[schemars(length(min = 1, max = 300), regex = "VISIBLE")]
    file_name: Option<String>,
}

/// The most runs of one file.
const MAX_RUNS: usize = 1000;

impl Parameters {
    fn hints(&self) -> Result<Hints, ApiError> {
        Ok(Hints {
            provider: parse("provider", self.provider.as_deref(), Provider::parse)?,
            llm: parse("llm", self.llm.as_deref(), LlmName::parse)?,
            workload: parse("workload", self.workload.as_deref(), WorkloadSlug::parse)?,
            started_at: parse("at", self.at.as_deref(), moment)?,
            labels: parse("labels", self.labels.as_deref(), labels)?.unwrap_or_default(),
        })
    }

    fn format(&self) -> Result<Option<Format>, ApiError> {
        parse("format", self.format.as_deref(), Format::parse)
    }

    /// What tells this request from another one under the same idempotency key:
    /// the same bytes under other parameters are other runs.
    fn digest(&self, file: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(serde_urlencoded::to_string(self).unwrap_or_default());
        digest.update([0]);
        digest.update(file);
        digest.finalize().into()
    }

    /// Reads the file, all of it.
    fn read(&self, bytes: &[u8]) -> Result<(Format, Imported), ApiError> {
        let hints = self.hints()?;
        let mut file = ResultFile::new(self.file_name.as_deref().unwrap_or("upload"), bytes);
        let format = match self.format()? {
            Some(format) => format,
            None => Format::recognise(&mut file).map_err(refused)?,
        };
        let imported = format.read(file, None, &hints).map_err(refused)?;
        let count = imported.runs.len();
        if count > MAX_RUNS {
            let reason = format!("{count} runs, at most {MAX_RUNS} are taken at once");
            return Err(ApiError::invalid("body", reason));
        }
        Ok((format, imported))
    }
}

fn labels(text: &str) -> Result<BTreeMap<String, String>, &'static str> {
    let label = |label: &str| match label.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a label is key=value; a comma separates several"),
    };
    let mut labels = BTreeMap::new();
    for pair in text.split(',') {
        let (key, value) = label(pair)?;
        if labels.insert(key, value).is_some() {
            return Err("a label is there twice");
        }
    }
    Ok(labels)
}

fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Missing { file, hints } => {
            let names: Vec<_> = hints.iter().map(|hint| hint.parameter()).collect();
            let reason =
                format!("the file does not say all that a run must; give {}", names.join(", "));
            ApiError::invalid(file, reason)
        }
        Refusal::Unrecognised { .. } | Refusal::Unreadable { .. } | Refusal::Invalid { .. } => {
            ApiError::invalid("body", refusal)
        }
    }
}

/// The formats there are.
struct FormatName;

impl JsonSchema for FormatName {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "FormatName".to_owned()
    }

    fn json_schema(_: &mut schemars::r#gen::SchemaGenerator) -> Schema {
        let names = Format::all().map(|format| format.name().into()).collect();
        Schema::Object(schemars::schema::SchemaObject {
            instance_type: Some(schemars::schema::InstanceType::String.into()),
            enum_values: Some(names),
            ..Default::default()
        })
    }
}

/// What became of the file.
#[derive(Debug)]
pub(crate) struct Answer {
    format: Format,
    recording: Recording,
    notes: Vec<String>,
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let Self { format, recording, notes } = self;
        let known = "Every run of the file was recorded before";
        let file = |runs| ImportedFile { format: format.name().to_owned(), runs, notes };
        recording.answer(file, Some(known))
    }
}

impl ApiComponent for Answer {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<ImportedFile>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let content = in_envelope::<ImportedFile>;
        Some(responses([
            ("200", "All its runs were recorded before; nothing changed.", content()),
            ("201", "At least one run was new; all are recorded, durably.", content()),
        ]))
    }
}

/// Record the runs of a load generator's result file, all of them or none
///
/// The body is the file as its tool wrote it, of up to four times the size of
/// other bodies (20 MiB by default) and 1,000 runs; it may be gzipped, for the
/// transfer or as a file. The command line takes larger ones, and results in two
/// files. Runs are recomputed from the records of single requests where the file
/// has them. The same bytes sent again change nothing. With an `Idempotency-Key`
/// they are answered as the first time too, with the header
/// `Idempotent-Replayed: true`.
#[api_operation(
    tag = "runs",
    operation_id = "importRuns",
    error_code = 400,
    error_code = 401,
    error_code = 403,
    error_code = 408,
    error_code = 413,
    error_code = 415,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn import_runs(
    key: WriteKey,
    parameters: Query<Parameters>,
    sent_under: SentUnder,
    upload: Unread<Upload>,
    services: Data<Services>,
) -> Result<Answer, ApiError> {
    let parameters = parameters.into_inner()?;
    let is_time_given = parameters.at.is_some();
    let sent_under = sent_under.into_inner()?;
    let Upload { bytes, turn } = upload.read(&key).await?;
    let (read, sent_under) = aside(move || {
        let read = parameters.read(&bytes);
        drop(turn);
        let sent_under = sent_under.map(|name| (name, parameters.digest(&bytes)));
        (read, sent_under)
    })
    .await?;
    let (format, Imported { runs, notes }) = read?;
    let refuse = |error| match error {
        RecordRunsError::Unfit { first, .. } => match first.reason {
            Unfit::InTheFuture { .. } if is_time_given => ApiError::invalid("at", first.reason),
            Unfit::InTheFuture { .. } => {
                let remedy = "a time without a zone was read as UTC, `at` says better";
                ApiError::invalid("body", format!("{}; {remedy}", first.reason))
            }
            Unfit::UnknownMetric { .. } => ApiError::invalid("body", first.reason),
            Unfit::OtherLabel(_) => ApiError::invalid("labels", first.reason),
        },
        error => ApiError::invalid("body", error),
    };
    let recording = Recording::of(runs, &key, sent_under, None, &services, refuse).await?;
    Ok(Answer { format, recording, notes })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use actix_web::test::TestRequest;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use crate::testing::{Answer, KEY, TestApp};

    const VLLM: &str = r#"{"date": "20250101-120000", "model_id": "swift", "num_prompts": 4,
        "completed": 3, "failed": 1, "duration": 0.5, "max_concurrency": 4,
        "total_input_tokens": 300, "total_output_tokens": 24, "mean_ttft_ms": 270.0}"#;

    fn importing(query: &str, body: impl Into<Vec<u8>>) -> TestRequest {
        TestRequest::post()
            .uri(&format!("/api/v1/runs/import{query}"))
            .insert_header(("X-API-Key", KEY))
            .set_payload(body.into())
    }

    async fn import(app: &TestApp, query: &str, body: impl Into<Vec<u8>>) -> Answer {
        app.call(importing(query, body)).await
    }

    fn gzipped(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[actix_web::test]
    async fn a_file_is_recorded_with_notes_and_known_the_second_time() {
        let app = TestApp::empty();
        let first = import(&app, "?file_name=a.json", VLLM).await;
        assert_eq!(first.status, 201);
        let data = first.data();
        assert_eq!((&data["format"], &data["runs"][0]["new"]), (&"vllm".into(), &true.into()));
        assert!(data["notes"].to_string().contains("TPS is left out"), "{data}");
        let again = import(&app, "?file_name=a.json", VLLM).await;
        assert_eq!((again.status.as_u16(), &again.data()["runs"][0]["new"]), (200, &false.into()));
        let run = &app.get("/api/v1/runs").await.data()[0];
        assert_eq!((&run["source"], &run["file_name"]), (&"import".into(), &"a.json".into()));
        assert_eq!(run["workload"], "100in-8out-c4");
    }

    #[actix_web::test]
    async fn gzip_is_taken_for_the_transfer_and_as_a_file() {
        let app = TestApp::empty();
        assert_eq!(import(&app, "", gzipped(VLLM)).await.status, 201);
        let coded = importing("", gzipped(VLLM)).insert_header(("Content-Encoding", "gzip"));
        assert_eq!(app.call(coded).await.status, 200, "the same bytes are the same run");
    }

    #[actix_web::test]
    async fn parameters_say_what_the_file_does_not() {
        let app = TestApp::empty();
        let query = "?llm=other&provider=acme&workload=chat&at=2025-02-01T00:00:00Z\
                     &labels=gpu=h100,site=eu&format=vllm";
        assert_eq!(import(&app, query, VLLM).await.status, 201);
        let run = &app.get("/api/v1/runs").await.data()[0];
        assert_eq!(run["llm"]["llm_name"], "other");
        assert_eq!(run["llm"]["provider"], "acme");
        assert_eq!(run["started_at"], "2025-02-01T00:00:00.000000Z");
        let workload = &app.get("/api/v1/workloads").await.data()[0];
        assert_eq!(workload["slug"], "chat");
        assert_eq!(workload["conditions"]["labels"], json!({ "gpu": "h100", "site": "eu" }));
    }

    #[actix_web::test]
    async fn files_under_other_labels_are_of_other_workloads() {
        let app = TestApp::empty();
        assert_eq!(import(&app, "?labels=gpu=h100", VLLM).await.status, 201);
        assert_eq!(import(&app, "?labels=gpu=a100", VLLM).await.status, 201);
        let workloads = app.get("/api/v1/workloads").await.data();
        assert_eq!(workloads[0]["slug"], "100in-8out-c4-gpu-a100");
        assert_eq!(workloads[1]["slug"], "100in-8out-c4-gpu-h100");
        let query = "?labels=gpu=b200&workload=100in-8out-c4-gpu-h100";
        let message = import(&app, query, VLLM).await.refusal(422);
        assert!(
            message.starts_with("labels: its workload 100in-8out-c4-gpu-h100 has"),
            "{message}"
        );
    }

    #[actix_web::test]
    async fn what_cannot_be_taken_is_refused_by_its_place_and_nothing_is_stored() {
        let app = TestApp::empty();
        let without_time = VLLM.replace("\"date\": \"20250101-120000\",", "");
        for (query, body, reason) in [
            ("?format=banana", VLLM, "format: a format is one of"),
            ("?at=noon", VLLM, "at: is not a moment in RFC 3339"),
            ("?at=2025-1-5T1:2:3Z", VLLM, "at: is not a moment in RFC 3339"),
            ("?labels=gpu", VLLM, "labels: a label is key=value"),
            ("?labels=gpu=h100,gpu=a100", VLLM, "labels: a label is there twice"),
            ("?colour=red", VLLM, "query: "),
            ("", &without_time, "upload: the file does not say all that a run must; give at"),
            ("", "{}", "body: upload: no known format (not vllm: "),
            ("", "", "body: upload: it is empty"),
            ("?format=llmperf", VLLM, "body: upload: results_num_requests_started: "),
            (
                "?at=2999-01-01T00:00:00Z",
                VLLM,
                "at: it starts at 2999-01-01T00:00:00Z, in the future",
            ),
            (
                "",
                &VLLM.replace("20250101", "29990101"),
                "body: it starts at 2999-01-01T11:59:59Z, in the future; a time without a zone \
                 was read as UTC, `at` says better",
            ),
        ] {
            let message = import(&app, query, body).await.refusal(422);
            assert!(message.starts_with(reason), "{reason}: {message}");
        }
        assert_eq!(app.get("/api/v1/runs").await.data(), json!([]));
    }

    #[actix_web::test]
    async fn a_form_and_what_is_too_large_are_refused() {
        let app = TestApp::empty();
        let form =
            importing("", VLLM).insert_header(("Content-Type", "multipart/form-data; boundary=x"));
        app.call(form).await.refusal(415);
        import(&app, "", vec![b' '; 100_001]).await.refusal(413);
        import(&app, "", gzipped(&" ".repeat(100_001))).await.refusal(413);
    }

    #[actix_web::test]
    async fn what_is_sent_again_under_its_key_is_answered_as_the_first_time() {
        let app = TestApp::empty();
        let send = |query| importing(query, VLLM).insert_header(("Idempotency-Key", "a-key"));
        let first = app.call(send("")).await;
        let again = app.call(send("")).await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
        assert_eq!(again.body, first.body);
        let other = app.call(send("?llm=other")).await.refusal(422);
        assert!(other.starts_with("Idempotency-Key: "), "{other}");
    }
}
