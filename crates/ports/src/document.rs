use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use benchmark_domain::Timestamp;

/// An answer as its readers get it: encoded once, served many times.
pub struct Document {
    json: Arc<[u8]>,
    etag: String,
    made_at: Timestamp,
    prepared: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Document {
    /// A document of these bytes. `etag` must differ for different bytes; it
    /// is written without quotes.
    pub fn new(json: impl Into<Arc<[u8]>>, etag: String, made_at: Timestamp) -> Self {
        Self { json: json.into(), etag, made_at, prepared: OnceLock::new() }
    }

    /// The bytes.
    pub fn json(&self) -> &Arc<[u8]> {
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

    /// What whoever serves the document made of it to serve it faster: headers,
    /// compressed forms. It is made the first time only. A process serves its
    /// documents in one way: `None` if something of another type was made.
    ///
    /// What is made may take as many bytes as [`weight`](Self::weight) allows.
    pub fn prepared<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Option<&T> {
        self.prepared.get_or_init(|| Box::new(make(self))).downcast_ref()
    }

    /// Bytes that the document takes in memory at most, with two compressed
    /// forms, each no larger than the bytes themselves, and some headers.
    pub fn weight(&self) -> usize {
        3 * self.json.len() + 8 * self.etag.len() + 256 + size_of::<Self>()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { json, etag, made_at, prepared: _ } = self;
        let bytes = json.len();
        f.debug_struct("Document")
            .field("bytes", &bytes)
            .field("etag", etag)
            .field("made_at", made_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_is_made_once() {
        let document = Document::new(b"{}".to_vec(), "tag".to_owned(), Timestamp::UNIX_EPOCH);
        assert_eq!(document.prepared(|document| document.json().len()), Some(&2));
        assert_eq!(document.prepared(|_| 7_usize), Some(&2));
        assert_eq!(document.prepared(|_| "of another type"), None);
    }
}
