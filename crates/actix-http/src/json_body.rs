//! Bodies of one small JSON object.

use std::collections::BTreeMap;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use apistos::paths::{Examples, MediaType, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use schemars::JsonSchema;
use schemars::r#gen::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::body::{Bodies, BodyLimits};
use crate::error::ApiError;
use crate::json;
use crate::unread::FromBody;
use crate::wire::{Example, Object};

/// The body as `T`, read strictly: what is unknown is refused by its name.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

/// The most bytes of such a body, should more be allowed in general.
const MAX_BYTES: usize = 16 * 1024;

impl<T: DeserializeOwned> FromBody for JsonBody<T> {
    async fn read(
        headers: &HeaderMap,
        payload: Payload,
        bodies: &Bodies,
    ) -> Result<Self, ApiError> {
        if !is_json(headers) {
            return Err(ApiError::unsupported("Content-Type: application/json is needed"));
        }
        let limits = bodies.limits();
        let limits = BodyLimits { bytes: limits.bytes.min(MAX_BYTES), ..limits };
        let bytes = bodies.read(headers, payload, limits).await?;
        let Object(body) = json::parse(&bytes)?;
        Ok(Self(body))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

impl<T: JsonSchema + Serialize + Example> ApiComponent for JsonBody<T> {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        let mut generator = SchemaSettings::openapi3().into_generator();
        // As a reference, so that the body's own schema is among the definitions.
        generator.subschema_for::<T>();
        let definitions = generator.take_definitions();
        definitions.into_iter().map(|(name, schema)| (name, schema.into())).collect()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn request_body() -> Option<RequestBody> {
        let schema = SchemaSettings::openapi3().into_generator().subschema_for::<T>();
        let as_json = MediaType {
            schema: Some(schema.into()),
            example: Some(Examples::Example(json!(T::example()))),
            ..MediaType::default()
        };
        Some(RequestBody {
            content: BTreeMap::from([("application/json".to_owned(), as_json)]),
            required: Some(true),
            ..RequestBody::default()
        })
    }
}
