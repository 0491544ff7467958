//! In-process cache, and in-memory stores for tests
