//! What a caller is told when a request fails.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use benchmark_application::FindLlmError;
use benchmark_ports::{LoadError, StoreError};

use crate::envelope;

/// How long a caller should wait before trying again, in seconds.
pub(crate) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// A status and a sentence for the caller, and the cause for the log.
///
/// The sentence never quotes a driver: what a dependency said stays in the
/// source, which is logged where the answer leaves.
///
/// A pointer, because every handler's future has room for one, and those of most
/// requests leave it empty.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    message: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        let message = shortened(message.into());
        Self(Box::new(Refusal { status, message, header: None, source: None }))
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// 400: the request cannot be read at all.
    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: no key, or not one of ours.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Could not validate API key")
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"))
    }

    /// 403: the key is good, but not for this.
    pub(crate) fn forbidden(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("This API key lacks the scope `{scope}`"))
    }

    /// 404.
    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 405: the path exists, for these methods.
    pub(crate) fn method_not_allowed(allowed: HeaderValue) -> Self {
        let message =
            format!("This path answers to {} only", allowed.to_str().unwrap_or("other methods"));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message).with_header(header::ALLOW, allowed)
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn too_slow(seconds: f64) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("The body did not arrive within {seconds} seconds"),
        )
    }

    /// 409: what is there already says otherwise.
    pub(crate) fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 422: another request was sent under this idempotency key.
    pub(crate) fn key_taken() -> Self {
        let reason = "another body was sent under this key; a new request needs a new key";
        Self::invalid("Idempotency-Key", reason)
    }

    /// 413: more than `limit` bytes, as sent or once decoded.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {limit} bytes, the most that is accepted"),
        )
    }

    /// 415: a type or coding of body that is not understood.
    pub(crate) fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }

    /// 422: readable, but `field` is not acceptable for this reason.
    pub(crate) fn invalid(field: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{field}: {reason}"))
    }

    /// The same, said of a part of what was sent.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.0.message = shortened(Cow::Owned(format!("{place}: {}", self.0.message)));
        self
    }

    /// The first of several, which tells of the others too: of ten of them, and
    /// how many more there are.
    pub(crate) fn joined(mut first: Self, others: impl ExactSizeIterator<Item = Self>) -> Self {
        const TOLD: usize = 9;
        let more = others.len().saturating_sub(TOLD);
        for other in others.take(TOLD) {
            first.0.message = format!("{}; {}", first.0.message, other.0.message).into();
        }
        first.0.message = shortened(first.0.message);
        if more > 0 {
            first.0.message = format!("{}; and {more} more", first.0.message).into();
        }
        first
    }

    /// 429: what `who` may do is used up for so many seconds.
    pub(crate) fn too_many(what: &str, seconds: u64) -> Self {
        let wait = if seconds == 1 { "a second".to_owned() } else { format!("{seconds} seconds") };
        Self::new(StatusCode::TOO_MANY_REQUESTS, format!("{what}, please try again in {wait}"))
            .with_header(header::RETRY_AFTER, seconds.into())
    }

    /// 500: our fault.
    pub(crate) fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut error =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The server could not do this");
        error.0.source = Some(source.into());
        error
    }

    /// 503: a dependency does not answer just now.
    pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The service cannot do this just now, please try again",
        )
        .with_header(header::RETRY_AFTER, RETRY_AFTER);
        error.0.source = Some(source.into());
        error
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::unavailable(error),
            StoreError::Corrupt { .. } | StoreError::Failed { .. } => Self::internal(error),
        }
    }
}

impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::UnknownMetric { .. } => Self::not_found(error.to_string()),
            LoadError::Store(error) => error.into(),
        }
    }
}

impl ApiError {
    /// What becomes of a question that names an LLM in the parameter `field`.
    pub(crate) fn from_search(field: &str, error: FindLlmError) -> Self {
        match error {
            FindLlmError::Unknown { .. } => Self::not_found(format!("{field}: {error}")),
            FindLlmError::Ambiguous { .. } => Self::invalid(field, error),
            FindLlmError::Store(error) => error.into(),
        }
    }
}

/// The message without what a caller could make long by asking for something
/// with a long name.
fn shortened(message: Cow<'static, str>) -> Cow<'static, str> {
    const MAX_BYTES: usize = 1000;
    if message.len() <= MAX_BYTES {
        return message;
    }
    let end = message.floor_char_boundary(MAX_BYTES);
    Cow::Owned(format!("{}...", &message[..end]))
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        response.content_type(envelope::JSON);
        if let Some(header) = self.0.header.clone() {
            response.insert_header(header);
        }
        if matches!(self.0.status, StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE) {
            // The rest of the body is not worth reading.
            response.force_close();
        }
        response.body(envelope::failure(&self.0.message))
    }
}
