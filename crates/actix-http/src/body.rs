//! Request bodies: bounded in size, before and after decoding, and in time.

use std::io::Read;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;

use crate::error::ApiError;

/// What a body may cost.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The most bytes, as sent and once decoded.
    pub bytes: usize,
    /// The longest time that the whole body may take to arrive.
    pub timeout: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 5 * 1024 * 1024, timeout: Duration::from_secs(10) }
    }
}

/// The whole body as it was before its `Content-Encoding`, of which gzip is
/// understood.
///
/// # Errors
/// 413 for more bytes than allowed, 408 where they take too long, 415 for
/// another encoding, 400 for a body that is cut short or is not gzip.
pub(crate) async fn read(
    headers: &HeaderMap,
    payload: Payload,
    limits: BodyLimits,
) -> Result<Bytes, ApiError> {
    let gzipped = is_gzipped(headers)?;
    if announced_length(headers).is_some_and(|length| length > limits.bytes) {
        return Err(ApiError::too_large(limits.bytes));
    }
    let received = tokio::time::timeout(limits.timeout, collect(payload, limits.bytes))
        .await
        .map_err(|_| ApiError::too_slow(limits.timeout.as_secs_f64()))??;
    if gzipped { gunzip(received, limits.bytes).await } else { Ok(received) }
}

fn is_gzipped(headers: &HeaderMap) -> Result<bool, ApiError> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    match encoding.as_bytes() {
        identity if identity.eq_ignore_ascii_case(b"identity") => Ok(false),
        gzip if gzip.eq_ignore_ascii_case(b"gzip") => Ok(true),
        _ => Err(ApiError::unsupported("Content-Encoding: only gzip and identity are understood")),
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut received = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| cut_short(&error))?;
        if received.len() + chunk.len() > limit {
            return Err(ApiError::too_large(limit));
        }
        received.extend_from_slice(&chunk);
    }
    Ok(received.freeze())
}

fn cut_short(error: &PayloadError) -> ApiError {
    tracing::debug!(%error, "a body could not be read");
    ApiError::malformed("The body ended early or is wrongly framed")
}

/// What was gzipped, if it is no larger than allowed.
///
/// # Errors
/// 413 if it is, 400 for what is not gzip.
pub(crate) async fn gunzip(gzipped: Bytes, limit: usize) -> Result<Bytes, ApiError> {
    // A worker answers thousands of others in the time that it takes.
    web::block(move || decode(&gzipped, limit)).await.map_err(ApiError::internal)?
}

fn decode(gzipped: &[u8], limit: usize) -> Result<Bytes, ApiError> {
    let mut decoded = Vec::new();
    let mut decoder = MultiGzDecoder::new(gzipped).take(limit as u64 + 1);
    decoder
        .read_to_end(&mut decoded)
        .map_err(|_| ApiError::malformed("The body is not valid gzip"))?;
    if decoded.len() > limit {
        return Err(ApiError::too_large(limit));
    }
    Ok(decoded.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use actix_web::ResponseError;
    use actix_web::http::header::HeaderValue;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::stream;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { bytes: 1000, timeout: Duration::from_secs(10) };

    async fn send(body: Vec<u8>, encoding: Option<&'static str>) -> Result<Bytes, ApiError> {
        let mut headers = HeaderMap::new();
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        read(&headers, Payload::from(Bytes::from(body)), LIMITS).await
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[actix_web::test]
    async fn a_body_of_the_limit_is_read_and_one_byte_more_is_not() {
        assert_eq!(send(vec![7; 1000], None).await.unwrap().len(), 1000);
        assert_eq!(send(vec![7; 1001], None).await.unwrap_err().status_code(), 413);
    }

    #[actix_web::test]
    async fn an_announced_length_is_refused_before_the_body_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("1001"));
        let never: Payload = Payload::Stream { payload: Box::pin(stream::pending()) };
        assert_eq!(read(&headers, never, LIMITS).await.unwrap_err().status_code(), 413);
    }

    #[actix_web::test]
    async fn a_gzipped_body_is_decoded() {
        assert_eq!(send(gzip(b"[1, 2]"), Some("gzip")).await.unwrap(), "[1, 2]");
    }

    #[actix_web::test]
    async fn a_gzip_bomb_is_too_large() {
        let bomb = gzip(&vec![0; 500_000]);
        assert!(bomb.len() < 1000);
        assert_eq!(send(bomb, Some("gzip")).await.unwrap_err().status_code(), 413);
    }

    #[actix_web::test]
    async fn what_is_not_gzip_is_malformed() {
        assert_eq!(send(b"plain".to_vec(), Some("gzip")).await.unwrap_err().status_code(), 400);
    }

    #[actix_web::test]
    async fn another_encoding_is_unsupported() {
        assert_eq!(send(vec![1], Some("br")).await.unwrap_err().status_code(), 415);
    }

    #[actix_web::test]
    async fn a_body_that_never_ends_times_out() {
        tokio::time::pause();
        let never: Payload = Payload::Stream { payload: Box::pin(stream::pending()) };
        let error = read(&HeaderMap::new(), never, LIMITS).await.unwrap_err();
        assert_eq!(error.status_code(), 408);
    }
}
