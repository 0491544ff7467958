use benchmark_actix_http::wire::RecordedRun;
use benchmark_application::RecordRunsError;
use benchmark_domain::Run;

use crate::compose::UseCases;
use crate::outcome::Refused;

/// Records runs, all or none, and tells what became of each. Runs that are not
/// taken are refused in the words of `refusal`.
pub(crate) async fn record_runs(
    use_cases: &UseCases,
    runs: &[Run],
    refusal: impl FnOnce(&RecordRunsError) -> String,
) -> anyhow::Result<Vec<RecordedRun>> {
    let outcomes = use_cases.record_runs.run(runs).await.map_err(|error| match error {
        RecordRunsError::Store(error) => anyhow::Error::new(error),
        refused => Refused(refusal(&refused)).into(),
    })?;
    Ok(RecordedRun::all_of(runs, &outcomes))
}
