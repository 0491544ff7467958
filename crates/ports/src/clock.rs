use benchmark_domain::Timestamp;

/// Tells the time. Tests bring one that they can set.
pub trait Clock: Send + Sync {
    /// The present moment; never before an earlier answer by more than the
    /// system's clock was set back.
    fn now(&self) -> Timestamp;
}
