/// Gives unpredictable bytes: for ids, and for keys that must not be guessed.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` from a cryptographically secure source.
    fn fill(&self, bytes: &mut [u8]);
}
