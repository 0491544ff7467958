//! Request bodies: bounded in size, before and after decoding, in time, and in
//! the memory that all of them take together.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;

use crate::aside::aside;
use crate::budget::{Budget, Growing, Held};
use crate::error::ApiError;
use crate::turns::Turns;

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

/// The bodies of a server. Clones share their bounds.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    limits: BodyLimits,
    memory: Budget,
    decoding: Turns,
    parsing: Turns,
    recording: Turns,
    imports: Turns,
}

impl Bodies {
    /// How many bodies of the largest size may be there at a time; smaller ones
    /// are more, imports are fewer.
    const LARGEST_AT_ONCE: usize = 16;

    /// How many are decoded at a time.
    const DECODED_AT_ONCE: usize = 2;

    /// Of how many the runs are read at a time.
    const PARSED_AT_ONCE: usize = 2;

    /// Of how many large ones the runs are read or recorded at a time.
    const RECORDED_AT_ONCE: usize = 2;

    /// Bodies of at most this cost each.
    pub(crate) fn new(limits: BodyLimits) -> Self {
        Self {
            limits,
            memory: Budget::of(limits.bytes.saturating_mul(Self::LARGEST_AT_ONCE)),
            decoding: Turns::of(Self::DECODED_AT_ONCE),
            parsing: Turns::of(Self::PARSED_AT_ONCE),
            recording: Turns::of(Self::RECORDED_AT_ONCE),
            imports: Turns::of(1),
        }
    }

    /// What a body may cost, unless its kind may cost more or less.
    pub(crate) fn limits(&self) -> BodyLimits {
        self.limits
    }

    /// Whose turn it is to have its runs read.
    pub(crate) fn parsing(&self) -> &Turns {
        &self.parsing
    }

    /// Whose turn it is to have many runs recorded.
    pub(crate) fn recording(&self) -> &Turns {
        &self.recording
    }

    /// Whose turn it is to have a file read.
    pub(crate) fn imports(&self) -> &Turns {
        &self.imports
    }

    /// The whole body as it was before its `Content-Encoding`, of which gzip is
    /// understood.
    ///
    /// # Errors
    /// 413 for more bytes than allowed, 408 where they take too long, 415 for
    /// another encoding, 400 for a body that is cut short or is not gzip, 503
    /// while other bodies take all the memory there is for them.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        payload: Payload,
        limits: BodyLimits,
    ) -> Result<Held, ApiError> {
        let gzipped = is_gzipped(headers)?;
        if announced_length(headers).is_some_and(|length| length > limits.bytes) {
            return Err(ApiError::too_large(limits.bytes));
        }
        let received = collect(payload, self.memory.body(limits.bytes));
        let received = tokio::time::timeout(limits.timeout, received)
            .await
            .map_err(|_| ApiError::too_slow(limits.timeout.as_secs_f64()))??;
        if gzipped { self.gunzip(received, limits.bytes).await } else { Ok(received) }
    }

    /// What was gzipped, if it is no larger than allowed.
    ///
    /// # Errors
    /// 413 if it is, 400 for what is not gzip, 503 while others are decoded or
    /// take all the memory.
    pub(crate) async fn gunzip(&self, gzipped: Held, limit: usize) -> Result<Held, ApiError> {
        let turn = self.decoding.next().await?;
        let decoded = self.memory.body(limit);
        aside(move || {
            let decoded = decode(&gzipped, decoded);
            drop(turn);
            decoded
        })
        .await?
    }
}

fn is_gzipped(headers: &HeaderMap) -> Result<bool, ApiError> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    match encoding.as_bytes() {
        identity if identity.eq_ignore_ascii_case(b"identity") => Ok(false),
        gzip if gzip.eq_ignore_ascii_case(b"gzip") => Ok(true),
        // RFC 9110, 8.4.1.3.
        gzip if gzip.eq_ignore_ascii_case(b"x-gzip") => Ok(true),
        _ => Err(ApiError::unsupported("Content-Encoding: only gzip and identity are understood")),
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(mut payload: Payload, mut received: Growing) -> Result<Held, ApiError> {
    while let Some(part) = payload.next().await {
        received.extend(&part.map_err(|error| cut_short(&error))?)?;
    }
    Ok(received.finish())
}

fn cut_short(error: &PayloadError) -> ApiError {
    tracing::debug!(%error, "a body could not be read");
    ApiError::malformed("The body ended early or is wrongly framed")
}

fn decode(gzipped: &[u8], mut decoded: Growing) -> Result<Held, ApiError> {
    let mut decoder = MultiGzDecoder::new(gzipped);
    let mut part = vec![0; 64 * 1024];
    loop {
        match decoder.read(&mut part) {
            Ok(0) => return Ok(decoded.finish()),
            Ok(length) => decoded.extend(&part[..length])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(ApiError::malformed("The body is not valid gzip")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use actix_web::ResponseError;
    use actix_web::http::header::HeaderValue;
    use bytes::Bytes;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::stream;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { bytes: 1000, timeout: Duration::from_secs(10) };

    async fn send(body: Vec<u8>, encoding: Option<&'static str>) -> Result<Held, ApiError> {
        send_to(&Bodies::new(LIMITS), body, encoding).await
    }

    async fn send_to(
        bodies: &Bodies,
        body: Vec<u8>,
        encoding: Option<&'static str>,
    ) -> Result<Held, ApiError> {
        let mut headers = HeaderMap::new();
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        bodies.read(&headers, Payload::from(Bytes::from(body)), LIMITS).await
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
        let error = Bodies::new(LIMITS).read(&headers, never, LIMITS).await.unwrap_err();
        assert_eq!(error.status_code(), 413);
    }

    #[actix_web::test]
    async fn a_gzipped_body_is_decoded() {
        for coding in ["gzip", "GZIP", "x-gzip"] {
            assert_eq!(*send(gzip(b"[1, 2]"), Some(coding)).await.unwrap(), *b"[1, 2]");
        }
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
        let read = Bodies::new(LIMITS).read(&HeaderMap::new(), never, LIMITS).await;
        assert_eq!(read.unwrap_err().status_code(), 408);
    }

    #[actix_web::test]
    async fn bodies_in_flight_are_bounded_together_as_sent_and_once_decoded() {
        let bodies = Bodies::new(LIMITS);
        let mut held = Vec::new();
        for _ in 0..15 {
            held.push(send_to(&bodies, vec![7; 1000], None).await.unwrap());
        }
        let zeros = gzip(&[0; 1000]);
        assert!(zeros.len() < 100);
        let error = send_to(&bodies, zeros.clone(), Some("gzip")).await.unwrap_err();
        assert_eq!(error.status_code(), 503);
        assert_eq!(error.error_response().headers().get(header::RETRY_AFTER).unwrap(), "5");
        held.push(send_to(&bodies, vec![7; 1000], None).await.unwrap());
        assert_eq!(send_to(&bodies, vec![7], None).await.unwrap_err().status_code(), 503);
        held.clear();
        assert_eq!(send_to(&bodies, zeros, Some("gzip")).await.unwrap().len(), 1000);
    }
}
