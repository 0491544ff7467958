//! From a document to an answer: its entity tag, its age, 304, and content
//! coding.

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::{BodyStream, BoxBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder, rt};
use benchmark_domain::chrono::TimeDelta;
use benchmark_ports::{Clock, Document, Freshness, Served};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;

use crate::document::encode;
use crate::envelope::JSON;
use crate::headers::CACHE_STATUS;
use crate::negotiation::{Coding, is_known};
use crate::prepared::{Prepared, coded, tag_of};

/// Bodies below this many bytes are not compressed: they fit a packet or two
/// either way.
const COMPRESSED_FROM: usize = 1024;

/// Bodies from this many bytes on are compressed by another thread than the
/// worker's, which takes milliseconds.
const LARGE: usize = 64 * 1024;

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
pub(crate) fn respond(document: &Arc<Document>, request: &HttpRequest) -> HttpResponse {
    respond_varying(document, request, VARY)
}

fn respond_varying(
    document: &Arc<Document>,
    request: &HttpRequest,
    vary: HeaderValue,
) -> HttpResponse {
    let bytes = document.json().len();
    let coding = coding_of(bytes, request);
    let prepared = Prepared::of(document);
    let body = || match prepared.made(coding) {
        Some(made) => BoxBody::new(made.clone()),
        None => {
            let document = Arc::clone(document);
            let make = move || Prepared::of(&document).make(&document, coding).clone();
            compressed(bytes, make)
        }
    };
    answer(prepared.tag(document, coding), coding, body, request, JSON, vary)
}

/// The same for bytes that are not kept to be served again; `tag` tells them from
/// others.
pub(crate) fn respond_once(
    bytes: &Arc<[u8]>,
    tag: &str,
    request: &HttpRequest,
    content_type: HeaderValue,
    vary: HeaderValue,
) -> HttpResponse {
    let coding = coding_of(bytes.len(), request);
    let body = || match coding {
        Coding::Identity => BoxBody::new(coded(bytes, coding)),
        Coding::Gzip | Coding::Brotli => {
            let plain = Arc::clone(bytes);
            compressed(bytes.len(), move || coded(&plain, coding))
        }
    };
    answer(&tag_of(tag, coding), coding, body, request, content_type, vary)
}

/// The coding in which the caller gets so many bytes.
fn coding_of(bytes: usize, request: &HttpRequest) -> Coding {
    if bytes < COMPRESSED_FROM {
        Coding::Identity
    } else {
        Coding::preferred(request.headers(), &[Coding::Brotli, Coding::Gzip])
    }
}

/// A body that `compress` makes of so many bytes: at once of few, while the answer
/// is on its way already of many.
fn compressed(bytes: usize, compress: impl FnOnce() -> Bytes + Send + 'static) -> BoxBody {
    if bytes < LARGE {
        BoxBody::new(compress())
    } else {
        BoxBody::new(BodyStream::new(stream::once(rt::task::spawn_blocking(compress))))
    }
}

fn answer(
    tag: &HeaderValue,
    coding: Coding,
    body: impl FnOnce() -> BoxBody,
    request: &HttpRequest,
    content_type: HeaderValue,
    vary: HeaderValue,
) -> HttpResponse {
    let known = is_known(request.headers(), tag.as_bytes());
    let mut response = if known {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        HttpResponse::with_body(StatusCode::OK, body())
    };
    // Straight into the map: a builder would cost as much as the map itself.
    let headers = response.headers_mut();
    headers.append(header::ETAG, tag.clone());
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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::body::{BodySize, MessageBody, to_bytes};
    use actix_web::test::TestRequest;
    use benchmark_port_contracts::fixtures::at;
    use flate2::read::GzDecoder;

    use super::*;

    fn document(bytes: usize) -> Arc<Document> {
        Arc::new(Document::new(b"[1]".repeat(bytes / 3), "tag".to_owned(), at(0)))
    }

    fn gzip() -> TestRequest {
        TestRequest::default().insert_header((header::ACCEPT_ENCODING, "gzip"))
    }

    #[actix_web::test]
    async fn what_the_caller_has_already_is_not_compressed() {
        let document = document(3000);
        let request = gzip().insert_header((header::IF_NONE_MATCH, "\"tag-gz\"")).to_http_request();
        assert_eq!(respond(&document, &request).status(), StatusCode::NOT_MODIFIED);
        assert!(Prepared::of(&document).made(Coding::Gzip).is_none());
        respond(&document, &gzip().to_http_request());
        assert!(Prepared::of(&document).made(Coding::Gzip).is_some());
    }

    #[actix_web::test]
    async fn much_is_compressed_by_another_thread_and_kept() {
        let (document, request) = (document(3 * LARGE), gzip().to_http_request());
        let first = respond(&document, &request).into_body();
        assert_eq!(first.size(), BodySize::Stream);
        let first = to_bytes(first).await.unwrap();
        let mut plain = Vec::new();
        GzDecoder::new(&*first).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, **document.json());
        let again = respond(&document, &request).into_body();
        assert_eq!(again.size(), BodySize::Sized(first.len() as u64));
        let table = respond_once(document.json(), "tag", &request, JSON, VARY).into_body();
        assert_eq!(to_bytes(table).await.unwrap(), first);
    }
}
