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
use sha2::{Digest, Sha256};

use super::elements::Elements;
use crate::body::Bodies;
use crate::budget::Held;
use crate::error::ApiError;
use crate::json;
use crate::turns::Turn;
use crate::unread::FromBody;
use crate::wire::{Example, NewRun, Object, Refusal};

/// What is sent to record runs.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(super) submission: Submission,
    /// Held until the runs have been read, which may take several times the size
    /// of the body of memory.
    pub(super) turn: Turn,
    /// Held until they have been recorded, where they may be so many that they take
    /// much memory.
    pub(super) recording: Option<Turn>,
}

/// The body of a request to record runs, as it arrived.
#[derive(Debug)]
pub(super) struct Submission {
    bytes: Held,
    layout: Layout,
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    One,
    Array,
    Lines,
}

/// One run as it is written.
struct Written<'a> {
    /// Where in the body: `[3]`, `line 4`, or empty where it is the body.
    place: String,
    text: &'a [u8],
}

/// From so many bytes on a body may hold many runs, which read take up to seventy
/// times as much.
const LARGE: usize = 64 << 10;

/// The most runs of one submission.
const MAX_RUNS: usize = 1000;

impl FromBody for Posted {
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
        // Only now: who sends slowly keeps nobody waiting.
        let recording = match bytes.len() {
            0..LARGE => None,
            _ => Some(bodies.recording().next().await?),
        };
        let turn = bodies.parsing().next().await?;
        Ok(Self { submission: Submission { bytes, layout }, turn, recording })
    }
}

impl Submission {
    /// The runs.
    ///
    /// # Errors
    /// 400 where a part is not JSON, 422 with the places of what cannot be, of
    /// every run of which something cannot.
    pub(super) fn parse(&self) -> Result<Vec<Run>, ApiError> {
        let (mut runs, mut refusals) = (Vec::new(), Vec::new());
        for Written { place, text } in self.written()? {
            match self.run(&place, text) {
                Ok(run) => runs.push(run),
                Err(refusal) => refusals.push(refusal),
            }
        }
        let mut refusals = refusals.into_iter();
        match refusals.next() {
            None => Ok(runs),
            Some(first) => Err(ApiError::joined(first, refusals)),
        }
    }

    /// The runs as they are written, of which none has been read yet.
    fn written(&self) -> Result<Vec<Written<'_>>, ApiError> {
        let check = |runs: usize| match runs {
            0..=MAX_RUNS => Ok(()),
            _ => Err(ApiError::invalid(
                "body",
                format!("{runs} runs, at most {MAX_RUNS} are taken at once"),
            )),
        };
        match self.layout {
            Layout::One => Ok(vec![Written { place: String::new(), text: &self.bytes }]),
            Layout::Array => {
                let Elements::<MAX_RUNS> { first, count } = json::parse(&self.bytes)?;
                check(count)?;
                let written = first.into_iter().enumerate().map(|(at, run)| Written {
                    place: array_place(at),
                    text: run.get().as_bytes(),
                });
                Ok(written.collect())
            }
            Layout::Lines => {
                check(self.lines().count())?;
                let written = |(number, text)| Written { place: line_place(number), text };
                Ok(self.lines().map(written).collect())
            }
        }
    }

    fn run(&self, place: &str, text: &[u8]) -> Result<Run, ApiError> {
        let Object(run): Object<NewRun> = match self.layout {
            Layout::One | Layout::Array => json::parse_at(place, text)?,
            Layout::Lines => json::parse(text).map_err(|error| error.at(place))?,
        };
        run.into_domain(Source::Push).map_err(|refusal| self.refuse_at(place, &refusal))
    }

    /// What tells this submission from another one under the same idempotency
    /// key.
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&*self.bytes).into()
    }

    /// The refusal of the run number `at`, counted from 0.
    pub(super) fn refuse(&self, at: usize, refusal: &Refusal) -> ApiError {
        let place = match self.layout {
            Layout::One => String::new(),
            Layout::Array => array_place(at),
            Layout::Lines => line_place(self.lines().nth(at).map_or(0, |(number, _)| number)),
        };
        self.refuse_at(&place, refusal)
    }

    fn refuse_at(&self, place: &str, refusal: &Refusal) -> ApiError {
        let Refusal { path, reason } = refusal;
        match self.layout {
            Layout::One if path.is_empty() => ApiError::invalid("body", reason),
            Layout::One => ApiError::invalid(path, reason),
            Layout::Array if path.is_empty() => ApiError::invalid(place, reason),
            Layout::Array => ApiError::invalid(format!("{place}.{path}"), reason),
            Layout::Lines => {
                let field = if path.is_empty() { "run" } else { path };
                ApiError::invalid(field, reason).at(place)
            }
        }
    }

    /// The lines that are not blank, with their numbers, counted from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let lines = (1..).zip(self.bytes.split(|byte| *byte == b'\n'));
        lines.filter(|(_, line)| !line.trim_ascii().is_empty())
    }
}

fn array_place(at: usize) -> String {
    format!("[{at}]")
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

impl ApiComponent for Posted {
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
