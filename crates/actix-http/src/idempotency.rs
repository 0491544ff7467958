//! `Idempotency-Key`: the same request, sent again because its answer was lost,
//! is not another one.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use apistos::paths::{Parameter, ParameterDefinition, ParameterIn, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use benchmark_ports::IdempotencyKey;
use schemars::schema::{InstanceType, SchemaObject, StringValidation};

use crate::error::ApiError;
use crate::headers::IDEMPOTENCY_KEY;

/// The key under which a request is sent, if it has one.
#[derive(Debug)]
pub(crate) struct SentUnder(Result<Option<IdempotencyKey>, ApiError>);

impl SentUnder {
    /// The key.
    ///
    /// # Errors
    /// 422 for what is none, and for several. Only here, where it is known who
    /// sends it.
    pub(crate) fn into_inner(self) -> Result<Option<IdempotencyKey>, ApiError> {
        self.0
    }
}

impl FromRequest for SentUnder {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut given = request.headers().get_all(IDEMPOTENCY_KEY);
        let key = match (given.next(), given.next()) {
            (None, _) => Ok(None),
            // What is not text is no key, and neither is an empty one.
            (Some(key), None) => IdempotencyKey::parse(key.to_str().unwrap_or_default())
                .map(Some)
                .map_err(|error| ApiError::invalid("Idempotency-Key", error)),
            (Some(_), Some(_)) => Err(ApiError::invalid("Idempotency-Key", "is given twice")),
        };
        ready(Ok(Self(key)))
    }
}

impl ApiComponent for SentUnder {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        Vec::new()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn request_body() -> Option<RequestBody> {
        None
    }

    fn parameters() -> Vec<Parameter> {
        let schema = Schema::Object(SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            string: Some(Box::new(StringValidation {
                min_length: Some(1),
                max_length: Some(IdempotencyKey::MAX_CHARS as u32),
                pattern: Some("^[!-~]+$".to_owned()),
            })),
            ..SchemaObject::default()
        });
        vec![Parameter {
            name: "Idempotency-Key".to_owned(),
            description: Some(
                "What the caller calls this request. Sent again with the same key and body within \
                 a day, it changes nothing and is answered as it was the first time."
                    .to_owned(),
            ),
            _in: ParameterIn::Header,
            required: Some(false),
            definition: Some(ParameterDefinition::Schema(Box::new(ReferenceOr::Object(schema)))),
            ..Parameter::default()
        }]
    }
}
