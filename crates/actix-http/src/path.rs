//! Parameters in paths.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use apistos::paths::{Examples, Parameter, ParameterDefinition, ParameterIn, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use benchmark_domain::uuid::Uuid;
use schemars::schema::{InstanceType, SchemaObject, StringValidation};

/// What a segment of a path stands for.
pub(crate) trait Named: 'static {
    /// Its name in the resource's path.
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
    /// A regular expression that every good one matches.
    const PATTERN: &'static str;
    const EXAMPLE: &'static str;
    /// What a handler gets of it.
    type Value: 'static;

    /// Reads a segment as the caller wrote it. Whatever names nothing is a 404,
    /// whether it could have been a name or not, so nothing is refused here.
    fn read(text: &str) -> Self::Value;
}

/// What stands for an `N` in the path of a request.
#[derive(Debug)]
pub(crate) struct Segment<N: Named>(pub(crate) N::Value);

impl<N: Named> FromRequest for Segment<N> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A path that was matched as text has no parameters: there, the one
        // that is spelled out is the last segment, as the router decoded it.
        let matched = request.match_info();
        let spelled = || matched.as_str().rsplit('/').next().unwrap_or_default();
        let text = matched.get(N::NAME).unwrap_or_else(spelled);
        ready(Ok(Self(N::read(text))))
    }
}

impl<N: Named> ApiComponent for Segment<N> {
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
                pattern: Some(N::PATTERN.to_owned()),
                ..StringValidation::default()
            })),
            ..SchemaObject::default()
        });
        vec![Parameter {
            name: N::NAME.to_owned(),
            description: Some(N::DESCRIPTION.to_owned()),
            _in: ParameterIn::Path,
            required: Some(true),
            definition: Some(ParameterDefinition::Schema(Box::new(ReferenceOr::Object(schema)))),
            example: Some(Examples::Example(N::EXAMPLE.into())),
            ..Parameter::default()
        }]
    }
}

/// The id in a path.
#[derive(Debug)]
pub(crate) struct Id;

impl Named for Id {
    const NAME: &'static str = "id";
    const DESCRIPTION: &'static str = "An id from a list.";
    const PATTERN: &'static str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
    const EXAMPLE: &'static str = "6d1f0e0c-4f0e-8c5a-9a53-0b7c0f6f2f10";
    type Value = Option<Uuid>;

    fn read(text: &str) -> Option<Uuid> {
        Uuid::try_parse(text).ok()
    }
}
