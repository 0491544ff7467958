//! The OpenAPI document and the two pages that show it. Nothing is loaded from
//! elsewhere, so that they work with no internet.

pub(crate) mod headers;
pub(crate) mod keyed;
mod openapi;
mod pages;

pub use openapi::openapi_document;
pub(crate) use pages::resources;
