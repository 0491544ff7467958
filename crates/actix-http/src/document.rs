//! Encoding answers, once each.

use benchmark_domain::Timestamp;
use benchmark_ports::Document;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::envelope;

/// The document of an answer that succeeded.
pub(crate) fn encode(data: &impl Serialize, message: Option<&str>, made_at: Timestamp) -> Document {
    let json = envelope::success(data, message);
    let etag = digest(&json);
    Document::new(json, etag, made_at)
}

/// XXH3 of 128 bits, in hexadecimal: tells these bytes from any others. It
/// guards nothing; SHA-256, without a processor's own instructions for it, would take
/// more of them than all else that an answer takes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}
