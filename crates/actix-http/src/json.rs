//! JSON bodies, and refusals that name the place.

use std::error::Error;

use serde::de::{Deserialize, IgnoredAny};

use crate::error::ApiError;

/// `text` as `T`.
///
/// # Errors
/// 400 where it is not JSON, 422 with the path of the field where it is JSON
/// that `T` cannot be.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, ApiError> {
    parse_at("", text)
}

/// `text`, which stands at `place` in the body, as `T`.
///
/// # Errors
/// As [`parse`], with the path from the body's beginning.
pub(crate) fn parse_at<'a, T: Deserialize<'a>>(place: &str, text: &'a [u8]) -> Result<T, ApiError> {
    let whole = if place.is_empty() { "body" } else { place };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let refusal = match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => match deserializer.end() {
            Ok(()) => return Ok(value),
            Err(error) => ApiError::invalid(whole, error),
        },
        Err(error) => match error.path().to_string().as_str() {
            "." => ApiError::invalid(whole, error.inner()),
            path if place.is_empty() || path.starts_with('[') => {
                ApiError::invalid(format!("{place}{path}"), error.inner())
            }
            path => ApiError::invalid(format!("{place}.{path}"), error.inner()),
        },
    };
    // What comes first may be acceptable JSON of a wrong kind, and what follows
    // no JSON at all. A number beyond f64 (1e999) counts as bad syntax for the
    // one parse, and rightly not for the other.
    let malformed = |error: &dyn Error| {
        Err(ApiError::malformed(format!("The body is not valid JSON: {error}")))
    };
    // What is passed over is not looked at closely enough to tell.
    if let Err(error) = str::from_utf8(text) {
        return malformed(&error);
    }
    match serde_json::from_slice::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Err(refusal),
        Err(error) => malformed(&error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use actix_web::ResponseError;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only refusals are looked at")]
    struct Run {
        metrics: BTreeMap<String, Vec<f64>>,
    }

    fn refuse(text: &str) -> (u16, String) {
        let error = parse::<Vec<Run>>(text.as_bytes()).unwrap_err();
        (error.status_code().as_u16(), error.to_string())
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        for text in ["", "[", "[{]", "nonsense", "[] []", "[{\"metrics\": {\"A\": [NaN]}}]", "[5"] {
            assert_eq!(refuse(text).0, 400, "{text}");
        }
        assert_eq!(refuse(&"[".repeat(100_000)).0, 400);
        let latin_1 = parse::<Vec<Run>>(b"[\"\xff\"]").unwrap_err();
        assert_eq!(latin_1.status_code(), 400);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_path() {
        let cases = [
            ("[{\"metrics\": {\"A\": [1, \"2\"]}}]", "[0].metrics.A[1]"),
            ("[{\"metrics\": {\"A\": [1e999]}}]", "[0].metrics.A[0]"),
            ("[{\"metrics\": {}, \"metric\": 1}]", "[0].metric"),
            ("[{}]", "[0]"),
        ];
        for (text, place) in cases {
            let (status, message) = refuse(text);
            assert_eq!(status, 422, "{text}");
            assert!(message.starts_with(&format!("{place}: ")), "{message}");
        }
    }
}
