//! Files that browsers load, gzipped when the program was built.

use std::io::Read;
use std::sync::OnceLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::read::GzDecoder;

use crate::document::digest;
use crate::error::ApiError;
use crate::negotiation::{Coding, is_known};
use crate::routing::Resource;

pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const CSS: &str = "text/css; charset=utf-8";
pub(crate) const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The bytes of a file that the build script left.
macro_rules! gzipped {
    ($file:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".gz"))
    };
}
pub(crate) use gzipped;

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    gzipped: &'static [u8],
    content_type: &'static str,
    cache_control: &'static str,
    tag: OnceLock<String>,
}

impl Asset {
    /// One of ours: small, and checked at every use.
    pub(crate) const fn own(content_type: &'static str, gzipped: &'static [u8]) -> Self {
        Self { gzipped, content_type, cache_control: "no-cache", tag: OnceLock::new() }
    }

    /// Part of somebody else's library: large, and the same for a long time.
    pub(crate) const fn library(content_type: &'static str, gzipped: &'static [u8]) -> Self {
        let cache_control = "public, max-age=604800";
        Self { gzipped, content_type, cache_control, tag: OnceLock::new() }
    }

    /// The file at a path.
    pub(crate) fn at(&'static self, path: &'static str) -> Resource {
        Resource::new(path).page(move |request: HttpRequest| async move { self.answer(&request) })
    }

    /// The answer to a request for the file.
    pub(crate) fn answer(&'static self, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
        let coding = Coding::preferred(request.headers(), &[Coding::Gzip]);
        let digest = self.tag.get_or_init(|| digest(self.gzipped));
        let tag = match coding {
            Coding::Gzip => format!("\"{digest}-gz\""),
            Coding::Identity | Coding::Brotli => format!("\"{digest}\""),
        };
        let known = is_known(request.headers(), tag.as_bytes());
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control)))
            .insert_header((header::VARY, HeaderValue::from_static("Accept-Encoding")));
        if known {
            return Ok(response.finish());
        }
        response.content_type(self.content_type);
        if let Some(name) = coding.name() {
            response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(name)));
            return Ok(response.body(Bytes::from_static(self.gzipped)));
        }
        let mut plain = Vec::new();
        GzDecoder::new(self.gzipped).read_to_end(&mut plain).map_err(ApiError::internal)?;
        Ok(response.body(plain))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::testing::TestApp;

    const FILES: [(&str, &str); 6] = [
        ("/docs", "text/html"),
        ("/docs/start.js", "text/javascript"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/redoc/redoc.js", "text/javascript"),
        ("/leaderboard.js", "text/javascript"),
        ("/leaderboard.css", "text/css"),
    ];

    #[actix_web::test]
    async fn a_file_is_the_same_with_and_without_gzip() {
        let app = TestApp::empty();
        for (path, content_type) in FILES {
            let plain = app.call(TestRequest::with_uri(path)).await;
            assert!(plain.header("content-type").starts_with(content_type), "{path}");
            let gzip = ("Accept-Encoding", "gzip, br");
            let gzipped = app.call(TestRequest::with_uri(path).insert_header(gzip)).await;
            assert_eq!(gzipped.header("content-encoding"), "gzip");
            assert_ne!(gzipped.header("etag"), plain.header("etag"));
            let mut decoded = Vec::new();
            let mut decoder = GzDecoder::new(&*gzipped.body);
            decoder.read_to_end(&mut decoded).unwrap();
            assert_eq!(decoded, plain.body);
        }
    }

    #[actix_web::test]
    async fn a_file_that_the_browser_has_is_not_sent_again() {
        let app = TestApp::empty();
        for (path, _) in FILES {
            let first = app.call(TestRequest::with_uri(path)).await;
            let tag = ("If-None-Match", first.header("etag").to_owned());
            let again = app.call(TestRequest::with_uri(path).insert_header(tag)).await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        }
    }
}
