//! The forms in which a document is served, each made once.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use actix_web::http::header::HeaderValue;
use benchmark_ports::Document;
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::negotiation::Coding;

/// Costs about as much as gzip and saves more.
const BROTLI_QUALITY: i32 = 5;

/// What an answer takes of a document: handing any of it out copies and
/// allocates nothing.
pub(crate) struct Prepared {
    plain: Form,
    gzip: OnceLock<Form>,
    brotli: OnceLock<Form>,
}

/// A document in one content coding.
pub(crate) struct Form {
    /// Distinct for each coding, because the bytes are.
    pub(crate) tag: HeaderValue,
    pub(crate) bytes: Bytes,
}

impl Prepared {
    /// The forms of a document.
    pub(crate) fn of(document: &Document) -> &Self {
        let plain = |document: &Document| Self {
            plain: Form::coded(document.json(), document.etag(), Coding::Identity),
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        };
        document.prepared(plain).expect("nobody else in this process serves documents")
    }

    /// The form in one coding; it is made the first time only.
    pub(crate) fn form(&self, document: &Document, coding: Coding) -> &Form {
        let make = || Form::coded(document.json(), document.etag(), coding);
        match coding {
            Coding::Identity => &self.plain,
            Coding::Gzip => self.gzip.get_or_init(make),
            Coding::Brotli => self.brotli.get_or_init(make),
        }
    }
}

impl Form {
    /// These bytes in one coding; `tag` tells them from others, without quotes.
    pub(crate) fn coded(bytes: &Arc<[u8]>, tag: &str, coding: Coding) -> Self {
        let (suffix, bytes) = match coding {
            Coding::Identity => ("", Bytes::from_owner(Arc::clone(bytes))),
            Coding::Gzip => ("-gz", gzip(bytes).into()),
            Coding::Brotli => ("-br", brotli(bytes).into()),
        };
        let tag = HeaderValue::try_from(format!("\"{tag}{suffix}\""));
        Self { tag: tag.expect("hexadecimal digits and quotes are fit for a header"), bytes }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect(IN_MEMORY)
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let parameters = BrotliEncoderParams { quality: BROTLI_QUALITY, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut coded, &parameters).expect(IN_MEMORY);
    coded
}

/// Why compressing cannot fail.
const IN_MEMORY: &str = "writing to memory does not fail";
