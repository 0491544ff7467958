use std::io::Write;

use benchmark_actix_http::wire::RecordedRun;
use benchmark_application::RecordRunsError;
use benchmark_domain::Run;

use crate::compose::Services;
use crate::outcome::Refused;

/// Records runs, all or none, and tells what became of each.
pub(crate) async fn record_runs(
    services: &Services,
    runs: &[Run],
) -> anyhow::Result<Vec<RecordedRun>> {
    let outcomes = services.record_runs.run(runs).await.map_err(|error| match error {
        RecordRunsError::Store(error) => anyhow::Error::new(error),
        refusal => Refused(refusal.to_string()).into(),
    })?;
    Ok(RecordedRun::all_of(runs, &outcomes))
}

/// Prints what became of runs as the API tells it.
pub(crate) fn print_json(recorded: &[RecordedRun], out: &mut impl Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, recorded).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
