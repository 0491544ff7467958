//! The id that ties an answer to its line in the log.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

use actix_web::http::header::{HeaderMap, HeaderValue};

use crate::headers::X_REQUEST_ID;

/// Gives every request of one worker an id: the caller's own, else the
/// worker's random prefix and a running number.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: u64,
    next: Cell<u32>,
}

impl RequestIds {
    /// A source of ids that no other one gives.
    pub(crate) fn new() -> Self {
        // The seed of a hash map is the one randomness that needs no port: ids
        // must differ between processes, nothing else.
        let prefix = RandomState::new().build_hasher().finish();
        Self { prefix, next: Cell::new(0) }
    }

    /// The id in the request's headers where it is fit to be logged (1 to 64
    /// characters of `A-Z`, `a-z`, `0-9`, `.`, `_`, `-`), else a new one.
    pub(crate) fn identify(&self, request: &HeaderMap) -> HeaderValue {
        match request.get(X_REQUEST_ID) {
            Some(given) if is_fit(given.as_bytes()) => given.clone(),
            _ => self.generate(),
        }
    }

    fn generate(&self) -> HeaderValue {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        let id = (u128::from(self.prefix) << 32) | u128::from(number);
        let mut text = [0; 24];
        for (at, digit) in text.iter_mut().enumerate() {
            *digit = HEX[(id >> (92 - 4 * at)) as usize & 15];
        }
        HeaderValue::from_bytes(&text).unwrap_or(const { HeaderValue::from_static("-") })
    }
}

fn is_fit(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(given: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(given).unwrap());
        RequestIds::new().identify(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_fit_id_is_kept() {
        assert_eq!(identify("trace-7.A_b"), "trace-7.A_b");
        assert_eq!(identify(&"x".repeat(64)), "x".repeat(64));
    }

    #[test]
    fn an_unfit_id_is_replaced() {
        for unfit in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert_ne!(identify(unfit), unfit);
        }
    }

    #[test]
    fn generated_ids_differ_within_and_between_workers() {
        let (one, other) = (RequestIds::new(), RequestIds::new());
        let none = HeaderMap::new();
        let ids = [one.identify(&none), one.identify(&none), other.identify(&none)];
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        assert!(ids.iter().all(|id| id.len() == 24));
    }
}
