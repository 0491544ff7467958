use std::io::Write;

/// Prints the OpenAPI document.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, &benchmark_actix_http::openapi_document())
        .map_err(std::io::Error::from)?;
    writeln!(stdout)?;
    Ok(())
}
