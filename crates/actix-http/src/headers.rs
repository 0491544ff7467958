//! The header values that are the same in every answer, made once.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The header that carries a request's id, in both directions.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header that carries a caller's key.
pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The header that carries what a caller calls a request.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header that tells an answer given before from one given now.
pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The header in which proxies write whom a request came from.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header that tells the limits a request was held to.
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The header that tells what remains of them.
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The header in which a cache says how it came by an answer.
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What a browser may load on behalf of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ContentPolicy {
    /// Nothing: an answer for programs.
    Nothing,
    /// A page: scripts, styles and data from here; icons inlined in its style
    /// sheet.
    Page,
    /// ReDoc: it writes style elements and searches in a worker made of a blob.
    Redoc,
}

impl ContentPolicy {
    fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Nothing => "default-src 'none'; frame-ancestors 'none'",
            Self::Page => {
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                 connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            }
            Self::Redoc => {
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                 img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'"
            }
        })
    }
}

/// Adds what keeps a browser from misusing an answer. One of a path for programs
/// needs no more than its policy, which says what the older headers for pages
/// say too; a 304 needs none, because it only refers to an answer that had them.
pub(crate) fn secure(headers: &mut HeaderMap, policy: ContentPolicy, status: StatusCode) {
    if status == StatusCode::NOT_MODIFIED {
        return;
    }
    headers.append(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.append(header::CONTENT_SECURITY_POLICY, policy.value());
    if !matches!(policy, ContentPolicy::Nothing) {
        headers.append(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.append(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
}
