//! In which form a caller gets an answer that there is as JSON and as a table.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use apistos::paths::{Parameter, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;

use crate::error::ApiError;
use crate::negotiation::prefers;
use crate::query::parse;
use crate::wire::one_of;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

impl Format {
    pub(crate) const ALL: [Self; 2] = [Self::Json, Self::Csv];

    /// The form's name in the parameter `format`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    /// The form that the parameter `format` names, else the one that `Accept`
    /// prefers.
    ///
    /// # Errors
    /// 422 where it names none.
    pub(crate) fn asked(parameter: Option<&str>, preferred: Preferred) -> Result<Self, ApiError> {
        let named = |text: &str| {
            let format = Self::ALL.into_iter().find(|format| format.as_str() == text);
            format.ok_or("is one of json, csv")
        };
        Ok(parse("format", parameter, named)?.unwrap_or(preferred.0))
    }
}

impl JsonSchema for Format {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "Format".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        one_of(Self::ALL.map(Self::as_str))
    }
}

/// The form that a request's `Accept` prefers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preferred(Format);

impl FromRequest for Preferred {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let csv = prefers(request.headers(), "text/csv");
        ready(Ok(Self(if csv { Format::Csv } else { Format::Json })))
    }
}

impl ApiComponent for Preferred {
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
        Vec::new()
    }
}
