use std::sync::OnceLock;

use benchmark_domain::Timestamp;

/// An answer as its readers get it: encoded once, served many times.
#[derive(Debug)]
pub struct Document {
    json: Vec<u8>,
    etag: String,
    made_at: Timestamp,
    gzip: OnceLock<Vec<u8>>,
    brotli: OnceLock<Vec<u8>>,
}

impl Document {
    /// A document of these bytes. `etag` must differ for different bytes; it
    /// is written without quotes.
    pub fn new(json: Vec<u8>, etag: String, made_at: Timestamp) -> Self {
        Self { json, etag, made_at, gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    /// The bytes.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The strong validator of the bytes, without quotes.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// When the document was made.
    pub fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// The bytes in gzip; `compress` is called the first time only.
    pub fn gzip(&self, compress: impl FnOnce(&[u8]) -> Vec<u8>) -> &[u8] {
        self.gzip.get_or_init(|| compress(&self.json))
    }

    /// The bytes in Brotli; `compress` is called the first time only.
    pub fn brotli(&self, compress: impl FnOnce(&[u8]) -> Vec<u8>) -> &[u8] {
        self.brotli.get_or_init(|| compress(&self.json))
    }

    /// Bytes that the document takes in memory at most, its compressed forms
    /// included: each is no larger than the bytes themselves.
    pub fn weight(&self) -> usize {
        3 * self.json.len() + self.etag.len() + size_of::<Self>()
    }
}
