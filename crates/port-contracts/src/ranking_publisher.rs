//! What `RankingPublisher` promises.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::collections::BTreeSet;

use benchmark_domain::{HistorySpan, RankedLlm, Run, Window, metrics};
use benchmark_ports::PublishOutcome::{Published, Superseded};
use benchmark_ports::{Contenders, CurrentRanking, Revision};

use crate::Stores;
use crate::fixtures::{a_run, at, page, scope_of, ttft};
use crate::publishing::{publication, publish, ranking_of};
use crate::recording::record;

async fn read(stores: &Stores) -> Contenders {
    stores.rankings.contenders(&ttft(), Window::Latest, at(0)).await.unwrap()
}

async fn current(stores: &Stores) -> CurrentRanking {
    stores.rankings.current(&ttft()).await.unwrap().unwrap()
}

pub async fn a_publication_of_an_older_basis_is_superseded(stores: Stores) {
    record(&stores, a_run().llm("a")).await;
    let older = read(&stores).await;
    record(&stores, a_run().llm("b")).await;
    let (_, newer, outcome) = publish(&stores, &ttft()).await;
    assert_eq!(outcome, Published);
    let late = publication(&ttft(), older.contenders, at(9));
    assert_eq!(stores.publisher.publish(&late, older.revision).await.unwrap(), Superseded);
    assert_eq!(current(&stores).await.entries, newer.entries);
    let history =
        stores.rankings.history(&ttft(), HistorySpan::default(), None, page(10)).await.unwrap();
    assert_eq!(history.len(), 1);
}

pub async fn a_publication_of_the_same_basis_is_superseded(stores: Stores) {
    record(&stores, a_run()).await;
    let (_, first, _) = publish(&stores, &ttft()).await;
    let (_, _, outcome) = publish(&stores, &ttft()).await;
    assert_eq!(outcome, Superseded);
    assert_eq!(current(&stores).await.entries, first.entries);
}

pub async fn of_concurrent_publications_of_one_basis_one_is_published(stores: Stores) {
    record(&stores, a_run()).await;
    let attempts: Vec<_> = (0..10)
        .map(|_| {
            let stores = stores.clone();
            tokio::spawn(async move { publish(&stores, &ttft()).await.2 })
        })
        .collect();
    let mut published = 0;
    for attempt in attempts {
        published += usize::from(attempt.await.unwrap() == Published);
    }
    assert_eq!(published, 1);
}

pub async fn a_scope_is_pending_until_all_its_runs_are_published(stores: Stores) {
    let pending = async || BTreeSet::from_iter(stores.publisher.pending().await.unwrap());
    let (both, errors) =
        (BTreeSet::from([ttft(), scope_of(metrics::ERROR_RATE)]), scope_of(metrics::ERROR_RATE));
    assert_eq!(pending().await, BTreeSet::new());
    record(&stores, a_run().llm("a")).await;
    assert_eq!(pending().await, both);
    publish(&stores, &ttft()).await;
    publish(&stores, &errors).await;
    assert_eq!(pending().await, BTreeSet::new());
    let stale = read(&stores).await;
    record(&stores, a_run().llm("b")).await;
    publish(&stores, &errors).await;
    assert_eq!(pending().await, BTreeSet::from([ttft()]));
    // Publishing what was read before does not help.
    let late = publication(&ttft(), stale.contenders, at(9));
    stores.publisher.publish(&late, stale.revision).await.unwrap();
    assert_eq!(pending().await, BTreeSet::from([ttft()]));
    publish(&stores, &ttft()).await;
    assert_eq!(pending().await, BTreeSet::new());
}

pub async fn concurrent_recordings_leave_the_ranking_of_all_runs(stores: Stores) {
    let runs: Vec<Run> = (0..50)
        .map(|i| {
            let value = f64::from((i * 37) % 50) / 10.0;
            a_run().llm(&format!("llm-{i}")).ttft(&[value, value + 0.1, value + 0.2]).build()
        })
        .collect();
    let recordings: Vec<_> = runs
        .iter()
        .cloned()
        .map(|run| {
            let stores = stores.clone();
            tokio::spawn(async move {
                let affected = stores.record(&[run], at(0)).await.affected;
                for scope in affected {
                    publish(&stores, &scope).await;
                }
            })
        })
        .collect();
    for recording in recordings {
        recording.await.unwrap();
    }
    for scope in [ttft(), scope_of(metrics::ERROR_RATE)] {
        let CurrentRanking { entries, up_to_date } =
            stores.rankings.current(&scope).await.unwrap().unwrap();
        assert!(up_to_date);
        let published: Vec<RankedLlm> = entries.iter().map(|entry| entry.ranked.clone()).collect();
        assert_eq!(published, ranking_of(&runs, &scope));
        let history =
            stores.rankings.history(&scope, HistorySpan::default(), None, page(100)).await.unwrap();
        assert!(history.is_sorted_by(|a, b| a.0 < b.0));
        let Some((Revision(50), newest)) = history.last() else { panic!("{history:?}") };
        assert_eq!(newest.entries, entries);
    }
    assert_eq!(stores.publisher.pending().await.unwrap(), []);
}
