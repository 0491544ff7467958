//! The roles the application needs played: stores, caches, clock, randomness
