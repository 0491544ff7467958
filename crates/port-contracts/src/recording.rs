use benchmark_domain::Run;

use crate::Stores;
use crate::fixtures::{RunBuilder, at};

/// Records a run.
pub(crate) async fn record(stores: &Stores, run: RunBuilder) -> Run {
    let run = run.build();
    stores.record(std::slice::from_ref(&run), at(0)).await;
    run
}

/// Records runs at once.
pub(crate) async fn record_all(
    stores: &Stores,
    runs: impl IntoIterator<Item = RunBuilder>,
) -> Vec<Run> {
    let runs: Vec<_> = runs.into_iter().map(RunBuilder::build).collect();
    stores.record(&runs, at(0)).await;
    runs
}
