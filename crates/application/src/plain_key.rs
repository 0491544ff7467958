use std::fmt::Write;

use benchmark_ports::{KeyHash, Randomness};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A key as its holder has it: `bmk_`, 160 random bits and a checksum of 32
/// bits, in hexadecimal. Shown once, when it is made; never stored or logged.
#[derive(Debug, Clone)]
pub struct PlainKey(SecretString);

const PREFIX: &str = "bmk_";
const SECRET_DIGITS: usize = 40;
const CHECKSUM_DIGITS: usize = 8;

impl PlainKey {
    /// A new key.
    pub fn generate(randomness: &dyn Randomness) -> Self {
        let mut secret = [0; SECRET_DIGITS / 2];
        randomness.fill(&mut secret);
        let secret = hexadecimal(&secret);
        let checksum = checksum(&secret);
        Self(format!("{PREFIX}{secret}{checksum}").into())
    }

    /// The key that this text is; `None` if it was mistyped or cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let well_formed = digits.len() == SECRET_DIGITS + CHECKSUM_DIGITS && digits.is_ascii();
        let (secret, stated) = well_formed.then(|| digits.split_at(SECRET_DIGITS))?;
        (checksum(secret) == stated).then(|| Self(text.into()))
    }

    /// SHA-256 of the key: what it is stored and found by. Not a slow hash: the
    /// key holds 160 random bits, which nobody guesses, and a slow hash would
    /// let anyone keep the service busy.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0.expose_secret()).into())
    }

    /// The key as a secret to be compared with.
    pub fn into_secret(self) -> SecretString {
        self.0
    }

    /// The key itself, for its holder's eyes.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn checksum(secret: &str) -> String {
    hexadecimal(&Sha256::digest(secret)[..CHECKSUM_DIGITS / 2])
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(0..).for_each(|(byte, n)| *byte = n);
        }
    }

    #[test]
    fn a_generated_key_parses_to_itself() {
        let key = PlainKey::generate(&Counting);
        assert!(key.expose().starts_with("bmk_00010203"));
        assert_eq!(PlainKey::parse(key.expose()).unwrap().hash(), key.hash());
    }

    #[test]
    fn a_mistyped_key_is_none() {
        let key = PlainKey::generate(&Counting);
        let mistyped = key.expose().replace("0203", "0303");
        assert!(PlainKey::parse(&mistyped).is_none());
        for bad in ["", "bmk_", "bmk_é", &key.expose()[..51], "xyz_00"] {
            assert!(PlainKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_not_printed_by_debug() {
        let key = PlainKey::generate(&Counting);
        assert!(!format!("{key:?}").contains("0001"));
    }
}
