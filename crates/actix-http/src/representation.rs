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

use crate::document::{encode, hex_digest};
use crate::envelope::JSON;
use crate::headers::CACHE_STATUS;
use crate::negotiation::{Coding, is_known};
use crate::prepared::{Form, Prepared};

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
        Self::remarked(data, None, clock)
    }

    /// The same with a remark for people.
    pub(crate) fn remarked(data: &T, message: Option<&str>, clock: &dyn Clock) -> Self {
        let document = Arc::new(encode(data, message, clock.now()));
        Self { document, stale_for: None, shape: PhantomData }
    }
}

impl<T> Responder for Shown<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.respond(request, VARY)
    }
}

impl<T> Shown<T> {
    /// The answer, which depends on the request headers in `vary`.
    pub(crate) fn respond(self, request: &HttpRequest, vary: HeaderValue) -> HttpResponse {
        let mut response = respond_varying(&self.document, request, vary);
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

/// What a document depends on of what its caller accepts.
const VARY: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// A document as this request's caller gets it.
pub(crate) fn respond(document: &Document, request: &HttpRequest) -> HttpResponse {
    respond_varying(document, request, VARY)
}

fn respond_varying(document: &Document, request: &HttpRequest, vary: HeaderValue) -> HttpResponse {
    let coding = coding_of(document.json().len(), request);
    answer(Prepared::of(document).form(document, coding), coding, request, JSON, vary)
}

/// The same for bytes that are not kept to be served again.
pub(crate) fn respond_once(
    bytes: &Arc<[u8]>,
    request: &HttpRequest,
    content_type: HeaderValue,
    vary: HeaderValue,
) -> HttpResponse {
    let coding = coding_of(bytes.len(), request);
    let form = Form::coded(bytes, &hex_digest(bytes), coding);
    answer(&form, coding, request, content_type, vary)
}

/// The coding in which the caller gets so many bytes.
fn coding_of(bytes: usize, request: &HttpRequest) -> Coding {
    if bytes < COMPRESSED_FROM {
        Coding::Identity
    } else {
        Coding::preferred(request.headers(), &[Coding::Brotli, Coding::Gzip])
    }
}

fn answer(
    form: &Form,
    coding: Coding,
    request: &HttpRequest,
    content_type: HeaderValue,
    vary: HeaderValue,
) -> HttpResponse {
    let known = is_known(request.headers(), form.tag.as_bytes());
    let mut response = if known {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        HttpResponse::with_body(StatusCode::OK, BoxBody::new(form.bytes.clone()))
    };
    // Straight into the map: a builder would cost as much as the map itself.
    let headers = response.headers_mut();
    headers.append(header::ETAG, form.tag.clone());
    headers.append(header::VARY, vary);
    headers.append(header::CACHE_CONTROL, const { HeaderValue::from_static("private, no-cache") });
    if !known {
        headers.append(header::CONTENT_TYPE, content_type);
        if let Some(name) = coding.name() {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    }
    response
}
