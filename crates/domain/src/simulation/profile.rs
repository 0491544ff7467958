use super::log_normal::LogNormal;
use crate::llm::{Llm, LlmName};

/// How a simulated LLM behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Whose behaviour it is.
    pub llm: Llm,
    /// Time to first token, in seconds.
    pub ttft: LogNormal,
    /// Time per output token after the first, in seconds.
    pub tpot: LogNormal,
    /// Output tokens of a request, before they are rounded to at least 2.
    pub output_tokens: LogNormal,
    /// The share of requests that fail, 0 to 0.9.
    pub failure_rate: f64,
}

impl Profile {
    /// Ten well-known LLMs. The figures are invented: plausible in size, and
    /// some so close together that their ranks cannot be told apart.
    pub fn defaults() -> Vec<Self> {
        // Name; median TTFT in s, TPOT in ms, output tokens; failure rate.
        [
            ("Claude 3.5 Sonnet", 0.88, 14.5, 190.0, 0.004),
            ("Claude Sonnet 4.5", 1.12, 13.2, 230.0, 0.003),
            ("DeepSeek-V3.1", 1.45, 31.0, 220.0, 0.020),
            ("GPT-4o", 0.49, 9.8, 180.0, 0.003),
            ("GPT-5", 1.62, 12.8, 260.0, 0.005),
            ("Gemini 2.5 Flash", 0.38, 4.6, 210.0, 0.006),
            ("Llama 3.1 405", 0.72, 26.0, 170.0, 0.008),
            ("Llama 4 Maverick", 0.48, 7.4, 175.0, 0.010),
            ("Mistral Large 2", 0.60, 18.5, 165.0, 0.006),
            ("Qwen3 235B", 0.73, 14.3, 240.0, 0.012),
        ]
        .map(|(name, ttft, tpot_ms, output_tokens, failure_rate)| Self {
            llm: Llm {
                name: LlmName::parse(name).expect("each name above is a valid one"),
                provider: None,
            },
            ttft: LogNormal { median: ttft, spread: 0.35 },
            tpot: LogNormal { median: tpot_ms / 1e3, spread: 0.2 },
            output_tokens: LogNormal { median: output_tokens, spread: 0.5 },
            failure_rate,
        })
        .into()
    }
}
