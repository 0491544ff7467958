use thiserror::Error;

/// What a caller calls one submission, so that it can be sent again without
/// being taken for another one (the `Idempotency-Key` of HTTP).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// A text that is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an idempotency key is 1 to {} visible ASCII characters", IdempotencyKey::MAX_CHARS)]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The most characters of a key.
    pub const MAX_CHARS: usize = 255;

    /// The key that a text is.
    ///
    /// # Errors
    /// [`InvalidIdempotencyKey`] unless it is 1 to
    /// [`MAX_CHARS`](Self::MAX_CHARS) visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let fit = (1..=Self::MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fit.then(|| Self(text.to_owned())).ok_or(InvalidIdempotencyKey)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is sent under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Who sends it: the same key from another sender is another key.
    pub sender: String,
    /// What the sender calls it.
    pub key: IdempotencyKey,
    /// SHA-256 of all that is sent.
    pub digest: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_within_bounds() {
        assert_eq!(IdempotencyKey::parse("a-1").unwrap().as_str(), "a-1");
        assert!(IdempotencyKey::parse(&"x".repeat(255)).is_ok());
        for bad in ["", "a b", "é", "a\n", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(bad), Err(InvalidIdempotencyKey), "{bad:?}");
        }
    }
}
