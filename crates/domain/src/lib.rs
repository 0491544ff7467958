//! Metrics, summaries and honest rankings of LLM benchmarks: pure, no I/O
