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
    gzip: Form,
    brotli: Form,
}

/// A document in one content coding.
#[derive(Default)]
struct Form {
    tag: OnceLock<HeaderValue>,
    bytes: OnceLock<Bytes>,
}

impl Prepared {
    /// The forms of a document.
    pub(crate) fn of(document: &Document) -> &Self {
        let forms = |document: &Document| Self {
            plain: Form {
                bytes: coded(document.json(), Coding::Identity).into(),
                ..Form::default()
            },
            gzip: Form::default(),
            brotli: Form::default(),
        };
        document.prepared(forms).expect("nobody else in this process serves documents")
    }

    fn form(&self, coding: Coding) -> &Form {
        match coding {
            Coding::Identity => &self.plain,
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
        }
    }

    /// What tells the document in this coding from any other answer.
    pub(crate) fn tag(&self, document: &Document, coding: Coding) -> &HeaderValue {
        self.form(coding).tag.get_or_init(|| tag_of(document.etag(), coding))
    }

    /// Its bytes, where they were made before.
    pub(crate) fn made(&self, coding: Coding) -> Option<&Bytes> {
        self.form(coding).bytes.get()
    }

    /// Its bytes; they are made the first time only.
    pub(crate) fn make(&self, document: &Document, coding: Coding) -> &Bytes {
        self.form(coding).bytes.get_or_init(|| coded(document.json(), coding))
    }
}

/// The entity tag of what `tag` tells from other things, in one coding: distinct
/// for each, because the bytes are.
pub(crate) fn tag_of(tag: &str, coding: Coding) -> HeaderValue {
    let suffix = match coding {
        Coding::Identity => "",
        Coding::Gzip => "-gz",
        Coding::Brotli => "-br",
    };
    let tag = HeaderValue::try_from(format!("\"{tag}{suffix}\""));
    tag.expect("hexadecimal digits and quotes are fit for a header")
}

/// These bytes in one coding.
pub(crate) fn coded(bytes: &Arc<[u8]>, coding: Coding) -> Bytes {
    match coding {
        Coding::Identity => Bytes::from_owner(Arc::clone(bytes)),
        Coding::Gzip => gzip(bytes).into(),
        Coding::Brotli => brotli(bytes).into(),
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
