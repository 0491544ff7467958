use std::collections::BTreeMap;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use apistos::paths::{Examples, MediaType, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use schemars::schema::SchemaObject;
use serde_json::{Value, json};

use crate::body::{Bodies, BodyLimits};
use crate::budget::Held;
use crate::error::ApiError;
use crate::turns::Turn;
use crate::unread::FromBody;

/// A tool's file as it is, of any content type; gzipped or not.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) bytes: Held,
    /// Held until the file has been read, which may take several times its size
    /// of memory.
    pub(crate) turn: Turn,
}

/// How many times as large as another body a file may be, and as long in
/// arriving: files hold the requests of whole runs.
const LARGER: u32 = 4;

/// How a file begins that is gzipped in itself, not for the transfer.
const GZIP: &[u8] = b"\x1f\x8b";

impl FromBody for Upload {
    async fn read(
        headers: &HeaderMap,
        payload: Payload,
        bodies: &Bodies,
    ) -> Result<Self, ApiError> {
        if is_form(headers) {
            let message = "Send the file itself as the body, not a form that contains it";
            return Err(ApiError::unsupported(message));
        }
        let limits = bodies.limits();
        let limits = BodyLimits {
            bytes: limits.bytes.saturating_mul(LARGER as usize),
            timeout: limits.timeout.saturating_mul(LARGER),
        };
        let mut bytes = bodies.read(headers, payload, limits).await?;
        // Only now: who sends slowly keeps nobody waiting.
        let turn = bodies.imports().next().await?;
        if bytes.starts_with(GZIP) {
            bytes = bodies.gunzip(bytes, limits.bytes).await?;
        }
        Ok(Self { bytes, turn })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.is_some_and(|given| given.trim_start().to_ascii_lowercase().starts_with("multipart/"))
}

/// A file of `vllm bench serve`, as short as can be.
pub(crate) fn example() -> Value {
    json!({
        "date": "20250131-120000",
        "model_id": "llama2-70b-4096",
        "provider": "groq",
        "num_prompts": 4,
        "max_concurrency": 4,
        "duration": 0.59,
        "completed": 3,
        "failed": 1,
        "total_input_tokens": 385,
        "total_output_tokens": 24,
        "mean_ttft_ms": 270.0,
        "std_ttft_ms": 53.5,
        "p99_ttft_ms": 338.4,
    })
}

impl ApiComponent for Upload {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        Vec::new()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn request_body() -> Option<RequestBody> {
        let as_json = MediaType {
            schema: Some(Schema::Object(SchemaObject::default()).into()),
            example: Some(Examples::Example(example())),
            ..MediaType::default()
        };
        let as_bytes = || MediaType { schema: String::raw_schema(), ..MediaType::default() };
        Some(RequestBody {
            description: Some("The file as its tool wrote it, or gzipped.".to_owned()),
            content: BTreeMap::from([
                ("application/json".to_owned(), as_json),
                ("application/octet-stream".to_owned(), as_bytes()),
                ("application/x-ndjson".to_owned(), as_bytes()),
            ]),
            required: Some(true),
            ..RequestBody::default()
        })
    }
}
