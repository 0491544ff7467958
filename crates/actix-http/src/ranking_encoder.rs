//! Encoding rankings, for whoever keeps them.

use benchmark_domain::Timestamp;
use benchmark_ports::{Document, RankingEncoder, RankingView};

use crate::document::encode;
use crate::wire::{Ranking, RankingEntry};

/// Writes rankings as the API shows them, so that they can be kept encoded.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonRankings;

impl RankingEncoder for JsonRankings {
    fn one(&self, ranking: &RankingView, made_at: Timestamp) -> Document {
        encode(&RankingEntry::all_of(ranking), ranking.message.as_deref(), made_at)
    }

    fn all(&self, rankings: &[RankingView], message: Option<&str>, made_at: Timestamp) -> Document {
        let rankings: Vec<_> = rankings.iter().map(Ranking::from).collect();
        encode(&rankings, message, made_at)
    }
}
