use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::{LoadError, LoadRanking, Loaded, RankingQuery};

/// A loader that notes what it did, for a cache in front of another one, which
/// does not tell where its answers come from.
pub struct NotedLoader<'a> {
    loader: &'a dyn LoadRanking,
    loaded: AtomicBool,
    to_share_only: AtomicBool,
}

impl<'a> NotedLoader<'a> {
    /// Notes what `loader` does.
    pub fn new(loader: &'a dyn LoadRanking) -> Self {
        let (loaded, to_share_only) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { loader, loaded, to_share_only }
    }

    /// Whether it was called.
    pub fn has_loaded(&self) -> bool {
        self.loaded.load(Ordering::Relaxed)
    }

    /// Whether nothing it loaded was [not to be kept](Loaded::keep).
    pub fn may_be_kept(&self) -> bool {
        !self.to_share_only.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl LoadRanking for NotedLoader<'_> {
    async fn load(&self, query: &RankingQuery) -> Result<Loaded, LoadError> {
        self.loaded.store(true, Ordering::Relaxed);
        let loaded = self.loader.load(query).await?;
        self.to_share_only.store(!loaded.keep, Ordering::Relaxed);
        Ok(loaded)
    }
}
