use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;

/// Lets go of answers that no longer hold.
#[async_trait]
pub trait ForgetRankings: Send + Sync {
    /// Drops every answer about a workload. Who asks afterwards gets one that
    /// was loaded afterwards, even if a load was under way.
    async fn forget(&self, workload: &WorkloadSlug);

    /// Drops every answer, as [`forget`](Self::forget) does for one workload.
    async fn forget_everything(&self);
}
