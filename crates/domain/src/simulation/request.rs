use super::draw::Draw;
use super::log_normal::LogNormal;
use super::profile::Profile;

/// A simulated request that succeeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulatedRequest {
    /// Time to first token, in seconds.
    pub ttft: f64,
    /// Time per output token after the first, in seconds.
    pub tpot: f64,
    /// Output tokens, at least 2.
    pub output_tokens: u32,
}

impl SimulatedRequest {
    /// Seconds from the request to its last token.
    #[inline]
    pub fn e2e_latency(&self) -> f64 {
        self.ttft + f64::from(self.output_tokens.saturating_sub(1)) * self.tpot
    }

    /// Output tokens per second.
    #[inline]
    pub fn tps(&self) -> f64 {
        f64::from(self.output_tokens) / self.e2e_latency()
    }
}

/// What the requests of one run are drawn from.
pub(super) struct RequestDraw {
    draw: Draw,
    ttft: LogNormal,
    tpot: LogNormal,
    output_tokens: LogNormal,
    failure_rate: f64,
}

impl RequestDraw {
    /// By which factor the latencies of one run lie above those of another.
    const BETWEEN_RUNS: LogNormal = LogNormal { median: 1.0, spread: 0.03 };
    /// What a latency may be, whatever the profile: from a microsecond to the
    /// hour after which nobody waits any longer.
    const SECONDS: (f64, f64) = (1e-6, 3600.0);
    /// How many tokens an answer may have; a TPOT takes two.
    const TOKENS: (f64, f64) = (2.0, 32_768.0);

    pub(super) fn new(mut draw: Draw, profile: &Profile) -> Self {
        let Profile { llm: _, mut ttft, mut tpot, output_tokens, failure_rate } = *profile;
        ttft.median *= Self::BETWEEN_RUNS.draw(&mut draw);
        tpot.median *= Self::BETWEEN_RUNS.draw(&mut draw);
        Self { draw, ttft, tpot, output_tokens, failure_rate }
    }

    /// The next request, `None` if it failed.
    #[inline]
    pub(super) fn next(&mut self) -> Option<SimulatedRequest> {
        if self.draw.chance(self.failure_rate) {
            return None;
        }
        let mut within = |(least, most), distribution: LogNormal| {
            distribution.draw(&mut self.draw).clamp(least, most)
        };
        Some(SimulatedRequest {
            ttft: within(Self::SECONDS, self.ttft),
            tpot: within(Self::SECONDS, self.tpot),
            // Rounded half up; `round` would be a call into the system's libm.
            output_tokens: (within(Self::TOKENS, self.output_tokens) + 0.5) as u32,
        })
    }
}
