//! Encoding answers, once each.

use benchmark_domain::Timestamp;
use benchmark_ports::{Document, RankingEncoder, RankingView};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::envelope;
use crate::wire::{Ranking, RankingEntry};

/// The document of an answer that succeeded.
pub(crate) fn encode(data: &impl Serialize, message: Option<&str>, made_at: Timestamp) -> Document {
    let json = envelope::success(data, message);
    let etag = hex_digest(&json);
    Document::new(json, etag, made_at)
}

/// Half of SHA-256 in hexadecimal: differs wherever the bytes do, and every
/// answer carries it.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = |byte: u8| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
    Sha256::digest(bytes).into_iter().take(16).flat_map(digits).collect()
}

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
