//! Query strings, read strictly.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use apistos::paths::{Parameter, ParameterDefinition, ParameterIn, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use schemars::JsonSchema;
use schemars::r#gen::SchemaSettings;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The query string as `T`, a struct of optional texts that refuses unknown
/// fields; what a text means is for the endpoint to parse.
///
/// A pointer, and none where nothing is asked, which is what most requests do:
/// arguments are moved several times before a handler has them.
#[derive(Debug)]
pub(crate) struct Query<T>(Option<Box<Result<T, ApiError>>>);

impl<T: Default> Query<T> {
    /// What is asked.
    ///
    /// # Errors
    /// 422 that names a parameter that is unknown or given twice. Only here, where
    /// it is known who asks: whoever has no key is told that, and nothing else.
    pub(crate) fn into_inner(self) -> Result<T, ApiError> {
        self.0.map_or_else(|| Ok(T::default()), |asked| *asked)
    }
}

/// The extension of a parameter's schema that says that it may not be left out;
/// it is not part of the document.
pub(crate) const REQUIRED: &str = "x-required";

/// The query of an endpoint that has no parameters: whatever is given is one
/// too many.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParameters {}

impl<T: DeserializeOwned + Default> FromRequest for Query<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = match request.query_string() {
            "" => None,
            text => {
                let asked = serde_urlencoded::from_str(text);
                Some(Box::new(asked.map_err(|error| ApiError::invalid("query", error))))
            }
        };
        ready(Ok(Self(asked)))
    }
}

/// The value of an optional parameter.
///
/// # Errors
/// 422 with the parameter's name and the parser's reason.
pub(crate) fn parse<T, E: std::fmt::Display>(
    name: &'static str,
    text: Option<&str>,
    parser: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, ApiError> {
    text.map(parser).transpose().map_err(|reason| ApiError::invalid(name, reason))
}

/// The value of an optional whole number between `low` and `high`.
///
/// # Errors
/// 422 with the parameter's name and the bounds.
pub(crate) fn parse_whole_number(
    name: &'static str,
    text: Option<&str>,
    low: usize,
    high: usize,
) -> Result<Option<usize>, ApiError> {
    parse(name, text, |text| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| digits && (low..=high).contains(number))
            .ok_or_else(|| format!("must be a whole number from {low} to {high}"))
    })
}

impl<T: JsonSchema> ApiComponent for Query<T> {
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
        let schema = SchemaSettings::openapi3().into_generator().into_root_schema_for::<T>().schema;
        let properties = schema.object.unwrap_or_default().properties;
        properties.into_iter().map(|(name, schema)| parameter(name, schema)).collect()
    }
}

fn parameter(name: String, schema: Schema) -> Parameter {
    let mut schema = schema.into_object();
    // An optional parameter may be left out; it is never null.
    schema.extensions.remove("nullable");
    let required = schema.extensions.remove(REQUIRED).is_some();
    let description = schema.metadata.take().and_then(|metadata| metadata.description);
    Parameter {
        name,
        description,
        _in: ParameterIn::Query,
        required: Some(required),
        definition: Some(ParameterDefinition::Schema(Box::new(ReferenceOr::Object(
            Schema::Object(schema),
        )))),
        ..Parameter::default()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        limit: Option<String>,
    }

    fn read(query: &str) -> Result<Option<usize>, ApiError> {
        let request = TestRequest::with_uri(&format!("/x{query}")).to_http_request();
        let Ok(page) = Query::<Page>::from_request(&request, &mut Payload::None).into_inner();
        parse_whole_number("limit", page.into_inner()?.limit.as_deref(), 1, 1000)
    }

    #[test]
    fn a_parameter_may_be_left_out() {
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("?").unwrap(), None);
        assert_eq!(read("?limit=7").unwrap(), Some(7));
    }

    #[test]
    fn a_refusal_names_the_parameter_and_the_reason() {
        for query in ["?limit=0", "?limit=1e9", "?limit=", "?limit=-1", "?limit=%2B1"] {
            let message = read(query).unwrap_err().to_string();
            assert_eq!(message, "limit: must be a whole number from 1 to 1000", "{query}");
        }
    }

    #[test]
    fn a_parameter_given_twice_is_refused_by_name() {
        assert!(read("?limit=1&limit=2").unwrap_err().to_string().contains("`limit`"));
    }

    #[test]
    fn an_unknown_parameter_is_refused_by_name() {
        let message = read("?lmit=1").unwrap_err().to_string();
        assert!(message.contains("`lmit`") && message.contains("`limit`"), "{message}");
    }
}
