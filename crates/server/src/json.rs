use std::io::Write;

use serde::Serialize;

/// Writes what the API would show, for programs.
pub(crate) fn print(data: &impl Serialize, out: &mut impl Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, data).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
