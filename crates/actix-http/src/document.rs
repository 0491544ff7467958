//! Encoding answers, once each.

use benchmark_domain::Timestamp;
use benchmark_ports::Document;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::envelope;

/// The document of an answer that succeeded.
pub(crate) fn encode(data: &impl Serialize, message: Option<&str>, made_at: Timestamp) -> Document {
    let json = envelope::success(data, message);
    let etag = hex_digest(&json);
    Document::new(json, etag, made_at)
}

/// Half of SHA-256 in hexadecimal: differs wherever the bytes do, and every
/// answer carries it.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = |byte: u8| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
    Sha256::digest(bytes).into_iter().take(16).flat_map(digits).collect()
}
