use benchmark_domain::Timestamp;

/// Tells the time. Tests bring one that they can set.
pub trait Clock: Send + Sync {
    /// The present moment; never before an earlier answer by more than the
    /// system's clock was set back.
    fn now(&self) -> Timestamp;

    /// The present moment as microseconds since 1970: the same answer as
    /// [`now`](Self::now), for what asks at every request and needs no date.
    fn unix_micros(&self) -> i64 {
        self.now().timestamp_micros()
    }
}
