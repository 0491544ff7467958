//! The shape of every JSON answer.

use actix_web::http::header::HeaderValue;
use schemars::JsonSchema;
use serde::Serialize;

/// The media type of every JSON answer.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `{"success": bool, "data": ..., "message": string|null}`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Envelope<T> {
    /// Whether the request was done.
    pub success: bool,
    /// What was asked for; null where the request failed.
    pub data: T,
    /// A remark for people: why it failed, or why there is nothing to show.
    pub message: Option<String>,
}
