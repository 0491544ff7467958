//! From a document to an answer: its entity tag, 304, and content coding.

use std::io::Write;
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use benchmark_ports::{Clock, Document};
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::document::encode;
use crate::envelope::JSON;
use crate::negotiation::{Coding, is_known};

/// Bodies below this many bytes are not compressed: they fit a packet or two
/// either way.
const COMPRESSED_FROM: usize = 1024;

/// Costs about as much as gzip and saves more.
const BROTLI_QUALITY: i32 = 5;

/// An answer to GET: a `T` in its envelope, encoded.
#[derive(Debug)]
pub(crate) struct Shown<T> {
    document: Arc<Document>,
    shape: PhantomData<T>,
}

impl<T> Shown<T> {
    /// An answer that was encoded before, from a `T`.
    pub(crate) fn encoded(document: Arc<Document>) -> Self {
        Self { document, shape: PhantomData }
    }
}

impl<T: Serialize> Shown<T> {
    /// An answer of just now.
    pub(crate) fn new(data: &T, clock: &dyn Clock) -> Self {
        Self::encoded(Arc::new(encode(data, None, clock.now())))
    }
}

impl<T> Responder for Shown<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        respond(self.document, request)
    }
}

/// A document as this request's caller gets it.
pub(crate) fn respond(document: Arc<Document>, request: &HttpRequest) -> HttpResponse {
    let coding = if document.json().len() < COMPRESSED_FROM {
        Coding::Identity
    } else {
        Coding::preferred(request.headers(), &[Coding::Brotli, Coding::Gzip])
    };
    let tag = entity_tag(&document, coding);
    let known = is_known(request.headers(), tag.as_bytes());
    let mut response = if known {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        let body = Bytes::from_owner(Coded { document, coding });
        HttpResponse::with_body(StatusCode::OK, BoxBody::new(body))
    };
    // Straight into the map: a builder would cost as much as the map itself.
    let headers = response.headers_mut();
    headers.append(header::ETAG, tag);
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

/// Distinct for each coding, because the bytes are.
fn entity_tag(document: &Document, coding: Coding) -> HeaderValue {
    let suffix = match coding {
        Coding::Identity => "",
        Coding::Gzip => "-gz",
        Coding::Brotli => "-br",
    };
    let etag = document.etag();
    let mut tag = String::with_capacity(etag.len() + suffix.len() + 2);
    tag.push('"');
    tag.push_str(etag);
    tag.push_str(suffix);
    tag.push('"');
    HeaderValue::try_from(tag).expect("hexadecimal digits and quotes are fit for a header")
}

/// The bytes of one form of a document, which stay where they are.
struct Coded {
    document: Arc<Document>,
    coding: Coding,
}

impl AsRef<[u8]> for Coded {
    fn as_ref(&self) -> &[u8] {
        match self.coding {
            Coding::Identity => self.document.json(),
            Coding::Gzip => self.document.gzip(gzip),
            Coding::Brotli => self.document.brotli(brotli),
        }
    }
}

fn gzip(json: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json).and_then(|()| encoder.finish()).expect(IN_MEMORY)
}

fn brotli(json: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let parameters = BrotliEncoderParams { quality: BROTLI_QUALITY, ..Default::default() };
    brotli::BrotliCompress(&mut &*json, &mut coded, &parameters).expect(IN_MEMORY);
    coded
}

/// Why compressing cannot fail.
const IN_MEMORY: &str = "writing to memory does not fail";
