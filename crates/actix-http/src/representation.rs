//! From a document to an answer: its entity tag, its age, 304, and content
//! coding.

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use benchmark_domain::chrono::TimeDelta;
use benchmark_ports::{Clock, Document, Freshness, Served};
use serde::Serialize;

use crate::document::encode;
use crate::envelope::JSON;
use crate::headers::CACHE_STATUS;
use crate::negotiation::{Coding, is_known};
use crate::prepared::Prepared;

/// Bodies below this many bytes are not compressed: they fit a packet or two
/// either way.
const COMPRESSED_FROM: usize = 1024;

/// An answer to GET: a `T` in its envelope, encoded.
#[derive(Debug)]
pub(crate) struct Shown<T> {
    document: Arc<Document>,
    /// How old the answer is where it is older than was promised.
    stale_for: Option<TimeDelta>,
    shape: PhantomData<T>,
}

impl<T> Shown<T> {
    /// An answer that was encoded before, from a `T`.
    pub(crate) fn served(served: Served, clock: &dyn Clock) -> Self {
        let Served { document, freshness } = served;
        let stale_for = match freshness {
            Freshness::Fresh => None,
            Freshness::Stale => Some(clock.now() - document.made_at()),
        };
        Self { document, stale_for, shape: PhantomData }
    }
}

impl<T: Serialize> Shown<T> {
    /// An answer of just now.
    pub(crate) fn new(data: &T, clock: &dyn Clock) -> Self {
        let document = Arc::new(encode(data, None, clock.now()));
        Self { document, stale_for: None, shape: PhantomData }
    }
}

impl<T> Responder for Shown<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = respond(&self.document, request);
        if let Some(age) = self.stale_for {
            mark_stale(response.headers_mut(), age);
        }
        response
    }
}

/// Says that an answer is older than was promised, and how old (RFC 9111 and
/// RFC 9211).
fn mark_stale(headers: &mut HeaderMap, age: TimeDelta) {
    headers.append(header::AGE, age.num_seconds().max(0).into());
    let status = const { HeaderValue::from_static("benchmark-api; hit; detail=stale") };
    headers.append(CACHE_STATUS, status);
}

/// A document as this request's caller gets it.
pub(crate) fn respond(document: &Document, request: &HttpRequest) -> HttpResponse {
    let coding = if document.json().len() < COMPRESSED_FROM {
        Coding::Identity
    } else {
        Coding::preferred(request.headers(), &[Coding::Brotli, Coding::Gzip])
    };
    let form = Prepared::of(document).form(document, coding);
    let known = is_known(request.headers(), form.tag.as_bytes());
    let mut response = if known {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        HttpResponse::with_body(StatusCode::OK, BoxBody::new(form.bytes.clone()))
    };
    // Straight into the map: a builder would cost as much as the map itself.
    let headers = response.headers_mut();
    headers.append(header::ETAG, form.tag.clone());
    headers.append(header::VARY, const { HeaderValue::from_static("Accept-Encoding") });
    headers.append(header::CACHE_CONTROL, const { HeaderValue::from_static("private, no-cache") });
    if !known {
        headers.append(header::CONTENT_TYPE, JSON);
        if let Some(name) = coding.name() {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    }
    response
}
