//! Answers that there are as JSON and as a table.

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::{Examples, MediaType, Responses};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema};
use benchmark_ports::Clock;
use serde::Serialize;

use super::Format;
use super::table::{Tabular, csv_of};
use crate::document::digest;
use crate::documented::{Data, in_envelope, responses, schemas_of};
use crate::representation::{Shown, respond_once};

/// The media type of every table.
const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");

/// An answer to GET as JSON or as a table.
#[derive(Debug)]
pub(crate) enum Exported<T> {
    Json(Shown<T>),
    /// A pointer: an answer is moved several times, and most are JSON.
    Csv(Box<Table>),
}

/// The bytes of a table.
#[derive(Debug)]
pub(crate) struct Table {
    bytes: Arc<[u8]>,
    /// What tells them from others.
    tag: String,
    /// Under which name a browser saves them.
    disposition: HeaderValue,
}

impl<T: Serialize + Tabular> Exported<T> {
    /// An answer of just now. `disposition` names the file in which a browser
    /// saves a table.
    pub(crate) fn new(
        data: &T,
        message: Option<&str>,
        format: Format,
        disposition: HeaderValue,
        clock: &dyn Clock,
    ) -> Self {
        match format {
            Format::Json => Self::Json(Shown::remarked(data, message, clock)),
            Format::Csv => Self::csv(data, disposition),
        }
    }

    /// The table alone.
    pub(crate) fn csv(data: &impl Tabular, disposition: HeaderValue) -> Self {
        let bytes = csv_of(data);
        let tag = digest(&bytes);
        Self::Csv(Box::new(Table { bytes: bytes.into(), tag, disposition }))
    }
}

impl<T> Responder for Exported<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding");
        match self {
            Self::Json(shown) => shown.respond(request, VARY),
            Self::Csv(table) => {
                let Table { bytes, tag, disposition } = *table;
                let mut response = respond_once(&bytes, &tag, request, CSV, VARY);
                response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
                response
            }
        }
    }
}

impl<T: Data + Tabular> ApiComponent for Exported<T> {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<T>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let table = MediaType {
            schema: String::raw_schema(),
            example: Some(Examples::Example(
                String::from_utf8_lossy(&csv_of(&T::example())).into(),
            )),
            ..MediaType::default()
        };
        let mut content = in_envelope::<T>();
        content.insert("text/csv".to_owned(), table);
        Some(responses([
            ("200", "Done.", content),
            ("304", "What `If-None-Match` names is still right.", Default::default()),
        ]))
    }
}
