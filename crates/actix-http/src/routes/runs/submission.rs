use std::collections::BTreeMap;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use apistos::paths::{Examples, MediaType, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use benchmark_domain::{Run, Source};
use schemars::JsonSchema;
use schemars::r#gen::SchemaSettings;
use serde_json::json;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::body::Bodies;
use crate::budget::Held;
use crate::error::ApiError;
use crate::json;
use crate::unread::FromBody;
use crate::wire::{Example, NewRun, Object, Refusal};

/// The body of a request to record runs, as it arrived.
#[derive(Debug)]
pub(crate) struct Submission {
    bytes: Held,
    layout: Layout,
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    One,
    Array,
    Lines,
}

/// The most runs of one submission.
const MAX_RUNS: usize = 1000;

impl FromBody for Submission {
    async fn read(
        headers: &HeaderMap,
        payload: Payload,
        bodies: &Bodies,
    ) -> Result<Self, ApiError> {
        let lines = is_lines(headers)?;
        let bytes = bodies.read(headers, payload, bodies.limits()).await?;
        let layout = match bytes.trim_ascii_start().first() {
            _ if lines => Layout::Lines,
            Some(b'[') => Layout::Array,
            _ => Layout::One,
        };
        Ok(Self { bytes, layout })
    }
}

impl Submission {
    /// The runs.
    ///
    /// # Errors
    /// 400 where a part is not JSON, 422 with the places of what cannot be, of
    /// every run of which something cannot.
    pub(super) fn parse(&self) -> Result<Vec<Run>, ApiError> {
        let items = self.items()?;
        let (mut runs, mut refusals) = (Vec::with_capacity(items.len()), Vec::new());
        for (at, item) in items.into_iter().enumerate() {
            let run = item.and_then(|Object(run)| {
                run.into_domain(Source::Push).map_err(|refusal| self.refuse(at, &refusal))
            });
            match run {
                Ok(run) => runs.push(run),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if refusals.is_empty() {
            return Ok(runs);
        }
        let first = refusals.remove(0);
        Err(ApiError::joined(first, &refusals))
    }

    /// What was sent, or why it cannot be read, run by run.
    fn items(&self) -> Result<Vec<Result<Object<NewRun>, ApiError>>, ApiError> {
        // Before the runs are summarised, which takes far more memory than they
        // do as text.
        let check = |runs: usize| match runs {
            0..=MAX_RUNS => Ok(()),
            _ => Err(ApiError::invalid(
                "body",
                format!("{runs} runs, at most {MAX_RUNS} are taken at once"),
            )),
        };
        match self.layout {
            Layout::One => Ok(vec![json::parse(&self.bytes)]),
            Layout::Array => {
                let first_refusal = match json::parse::<Vec<_>>(&self.bytes) {
                    Ok(runs) => {
                        check(runs.len())?;
                        return Ok(runs.into_iter().map(Ok).collect());
                    }
                    Err(refusal) => refusal,
                };
                // Once more, to tell of every run and not of the first alone.
                let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(&self.bytes) else {
                    return Err(first_refusal);
                };
                check(items.len())?;
                let parse = |(at, item): (usize, &&RawValue)| {
                    json::parse_at(&format!("[{at}]"), item.get().as_bytes())
                };
                Ok(items.iter().enumerate().map(parse).collect())
            }
            Layout::Lines => {
                check(self.lines().count())?;
                let parse =
                    |(number, line)| json::parse(line).map_err(|e| e.at(&line_place(number)));
                Ok(self.lines().map(parse).collect())
            }
        }
    }

    /// What tells this submission from another one under the same idempotency
    /// key.
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&*self.bytes).into()
    }

    /// The refusal of the run number `at`, counted from 0.
    pub(super) fn refuse(&self, at: usize, refusal: &Refusal) -> ApiError {
        let Refusal { path, reason } = refusal;
        match self.layout {
            Layout::One if path.is_empty() => ApiError::invalid("body", reason),
            Layout::One => ApiError::invalid(path, reason),
            Layout::Array if path.is_empty() => ApiError::invalid(format!("[{at}]"), reason),
            Layout::Array => ApiError::invalid(format!("[{at}].{path}"), reason),
            Layout::Lines => {
                let number = self.lines().nth(at).map_or(0, |(number, _)| number);
                let field = if path.is_empty() { "run" } else { path };
                ApiError::invalid(field, reason).at(&line_place(number))
            }
        }
    }

    /// The refusals of several runs together.
    pub(super) fn refuse_all(&self, runs: impl Iterator<Item = (usize, Refusal)>) -> ApiError {
        let mut refusals = runs.map(|(at, refusal)| self.refuse(at, &refusal));
        match refusals.next() {
            Some(first) => ApiError::joined(first, &refusals.collect::<Vec<_>>()),
            None => ApiError::invalid("body", "it cannot be recorded"),
        }
    }

    /// The lines that are not blank, with their numbers, counted from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let lines = (1..).zip(self.bytes.split(|byte| *byte == b'\n'));
        lines.filter(|(_, line)| !line.trim_ascii().is_empty())
    }
}

fn line_place(number: usize) -> String {
    format!("line {number}")
}

fn is_lines(headers: &HeaderMap) -> Result<bool, ApiError> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(false)
    } else if essence.eq_ignore_ascii_case("application/x-ndjson") {
        Ok(true)
    } else {
        let message = "Content-Type: application/json or application/x-ndjson is needed";
        Err(ApiError::unsupported(message))
    }
}

/// What a JSON body may be.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "a schema; the body is parsed by its first character")]
enum OneOrMany {
    One(Box<NewRun>),
    Many(#[schemars(length(min = 1, max = 1000))] Vec<NewRun>),
}

impl ApiComponent for Submission {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        let generator = SchemaSettings::openapi3().into_generator();
        let definitions = generator.into_root_schema_for::<OneOrMany>().definitions;
        definitions.into_iter().map(|(name, schema)| (name, schema.into())).collect()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn request_body() -> Option<RequestBody> {
        let generator = SchemaSettings::openapi3().into_generator();
        let mut schema = generator.into_root_schema_for::<OneOrMany>().schema;
        schema.metadata = None;
        let as_json = MediaType {
            schema: Some(Schema::Object(schema).into()),
            example: Some(Examples::Example(json!(NewRun::example()))),
            ..MediaType::default()
        };
        let as_lines = MediaType {
            example: Some(Examples::Example(format!("{}\n", json!(NewRun::example())).into())),
            schema: String::raw_schema(),
            ..MediaType::default()
        };
        Some(RequestBody {
            content: BTreeMap::from([
                ("application/json".to_owned(), as_json),
                ("application/x-ndjson".to_owned(), as_lines),
            ]),
            required: Some(true),
            ..RequestBody::default()
        })
    }
}
