//! The embedded store: SQLite through diesel-async
