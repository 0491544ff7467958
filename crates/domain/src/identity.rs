use sha2::{Digest, Sha256};
use uuid::Uuid;

/// SHA-256 over fields, each preceded by its length, so that no two lists of
/// fields give the same bytes.
#[derive(Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn bytes(&mut self, field: &[u8]) -> &mut Self {
        self.0.update((field.len() as u64).to_le_bytes());
        self.0.update(field);
        self
    }

    pub(crate) fn text(&mut self, field: &str) -> &mut Self {
        self.bytes(field.as_bytes())
    }

    pub(crate) fn optional_text(&mut self, field: Option<&str>) -> &mut Self {
        match field {
            Some(field) => self.bytes(&[1]).text(field),
            None => self.bytes(&[0]),
        }
    }

    pub(crate) fn integer(&mut self, field: u64) -> &mut Self {
        self.bytes(&field.to_le_bytes())
    }

    /// Equal numbers give equal bytes: -0.0 counts as 0.0.
    pub(crate) fn number(&mut self, field: f64) -> &mut Self {
        self.bytes(&(field + 0.0).to_bits().to_le_bytes())
    }

    pub(crate) fn optional_number(&mut self, field: Option<f64>) -> &mut Self {
        match field {
            Some(field) => self.bytes(&[1]).number(field),
            None => self.bytes(&[0]),
        }
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// The UUID (version 8, RFC 9562) that stands for a fingerprint.
pub(crate) fn uuid_of(fingerprint: &[u8; 32]) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&fingerprint[..16]);
    Uuid::new_v8(bytes)
}
