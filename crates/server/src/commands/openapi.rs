use std::io::Write;

/// Prints the OpenAPI document.
pub(crate) fn run() -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", benchmark_actix_http::openapi_document())?)
}
