//! The HTTP API: server, routes, envelope, documents
