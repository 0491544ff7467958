use benchmark_domain::{
    Contender, Direction, PooledRuns, Publication, RankedLlm, RankingEntry, RankingScope, Run,
    Statistic, Timestamp, Window, rank,
};
use benchmark_ports::{Contenders, PublishOutcome, Revision};

use crate::Stores;
use crate::fixtures::{at, entry_id, measured};

/// What is published of a scope whose contenders were read.
pub(crate) fn publication(
    scope: &RankingScope,
    contenders: Vec<Contender>,
    published_at: Timestamp,
) -> Publication {
    let ranked = rank(Direction::LowerIsBetter, Statistic::Mean, contenders);
    let entries = ranked.into_iter().map(|ranked| RankingEntry { id: entry_id(), ranked });
    Publication { scope: scope.clone(), published_at, entries: entries.collect() }
}

/// Reads, ranks and publishes, as the application does after a recording.
pub(crate) async fn publish(
    stores: &Stores,
    scope: &RankingScope,
) -> (Revision, Publication, PublishOutcome) {
    let Contenders { revision, contenders } =
        stores.rankings.contenders(scope, Window::Latest, at(0)).await.unwrap();
    let publication = publication(scope, contenders, at(revision.0));
    let outcome = stores.publisher.publish(&publication, revision).await.unwrap();
    (revision, publication, outcome)
}

/// The default ranking of runs, each of an LLM of its own, without any store.
pub(crate) fn ranking_of(runs: &[Run], scope: &RankingScope) -> Vec<RankedLlm> {
    let contenders = runs.iter().map(|run| Contender {
        llm: run.llm.clone(),
        runs: PooledRuns::from(&measured(run, &scope.metric)),
        requests: run.requests,
    });
    rank(Direction::LowerIsBetter, Statistic::Mean, contenders)
}
