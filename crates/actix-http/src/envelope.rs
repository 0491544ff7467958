//! The shape of every JSON answer.

use actix_web::http::header::HeaderValue;
use schemars::JsonSchema;
use serde::Serialize;

/// The media type of every JSON answer.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What every JSON answer is wrapped in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Envelope<'a, T> {
    /// Whether the request was done.
    pub(crate) success: bool,
    /// What was asked for; null where the request failed and left nothing to show.
    pub(crate) data: T,
    /// A remark for people: why it failed, or why there is nothing to show.
    pub(crate) message: Option<&'a str>,
}

impl<T: Serialize> Envelope<'_, T> {
    /// The answer's bytes, for which there is room for so many at first.
    pub(crate) fn encode(&self, room: usize) -> Vec<u8> {
        let mut json = Vec::with_capacity(room);
        // Structs, strings, numbers and maps keyed by strings always have a
        // JSON form, and nothing else is ever put in.
        serde_json::to_writer(&mut json, self).expect("a wire type always encodes");
        json
    }
}

/// The bytes of an answer that succeeded.
pub(crate) fn success(data: &impl Serialize, message: Option<&str>) -> Vec<u8> {
    // Enough for a ranking of ten LLMs, which would be copied again and again while it
    // grew to that.
    Envelope { success: true, data, message }.encode(8 << 10)
}

/// The bytes of an answer that failed.
pub(crate) fn failure(message: &str) -> Vec<u8> {
    Envelope { success: false, data: (), message: Some(message) }.encode(256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_and_failure_have_the_same_three_fields() {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert_eq!(text(success(&[1], None)), r#"{"success":true,"data":[1],"message":null}"#);
        assert_eq!(text(failure("no")), r#"{"success":false,"data":null,"message":"no"}"#);
    }
}
