//! How much of a history is shown.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::sync::Arc;

use benchmark_application::{HistoryError, HistoryQuery, ReadHistory};
use benchmark_domain::{
    HistorySpan, LlmReference, MetricName, Publication, Quantiles, RankInterval, RankedLlm,
    RankingEntry, Requests, Source, Tier, WorkloadSlug, metrics,
};
use benchmark_memory_adapter::MemoryStore;
use benchmark_port_contracts::fixtures::{a_run, at, entry_id, llm, page, ttft};
use benchmark_ports::{LoadError, RankingPublisher, Revision, RunStore};

fn entry(number: usize) -> RankingEntry {
    let ranked = RankedLlm {
        llm: llm(&format!("llm-{number}")),
        rank: number,
        rank_interval: RankInterval { low: number, high: number },
        tier: Tier::Reliable,
        value: 1.0,
        interval: None,
        provisional: true,
        mean: 1.0,
        quantiles: Quantiles::default(),
        sample_count: 1,
        run_count: 1,
        requests: Requests::all_successful(1),
        source: Source::Push,
        measured_at: at(0),
    };
    RankingEntry { id: entry_id(), ranked }
}

/// Four publications of so many LLMs each, of which the store knows the first.
async fn store(llms: usize) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    store.record(&[a_run().llm("llm-1").build()], at(0), None).await.unwrap();
    for revision in 1..=4 {
        let entries = (1..=llms).map(entry).collect();
        let publication = Publication { scope: ttft(), published_at: at(revision), entries };
        store.publish(&publication, Revision(revision)).await.unwrap();
    }
    store
}

fn query() -> HistoryQuery {
    HistoryQuery {
        metric: metrics::TTFT,
        workload: WorkloadSlug::default(),
        llm: None,
        span: HistorySpan::default(),
        limit: page(1000),
    }
}

async fn published_at(store: &Arc<MemoryStore>, query: &HistoryQuery) -> Vec<i64> {
    let view = ReadHistory::new(store.clone(), store.clone()).run(query).await.unwrap();
    let seconds = |publication: &Publication| (publication.published_at - at(0)).num_seconds();
    view.publications.iter().map(seconds).collect()
}

#[tokio::test]
async fn no_more_is_shown_than_is_too_much_and_the_end_of_it() {
    let most = ReadHistory::MAX_VALUES;
    assert_eq!(published_at(&store(most / 4).await, &query()).await, [1, 2, 3, 4]);
    let store = store(most / 4 + 1).await;
    assert_eq!(published_at(&store, &query()).await, [2, 3, 4]);
    let reader = ReadHistory::new(store.clone(), store.clone());
    let message = reader.run(&query()).await.unwrap().message.unwrap();
    assert!(message.contains("to=2025-06-15T15:06:42.123456Z"), "{message}");
}

#[tokio::test]
async fn one_publication_is_shown_however_large() {
    assert_eq!(published_at(&store(ReadHistory::MAX_VALUES + 1).await, &query()).await, [4]);
}

#[tokio::test]
async fn one_llm_has_its_whole_history() {
    let store = store(ReadHistory::MAX_VALUES).await;
    let llm = LlmReference::parse("llm-1").ok();
    assert_eq!(published_at(&store, &HistoryQuery { llm, ..query() }).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn an_unknown_metric_has_no_history() {
    let store = store(1).await;
    let metric = MetricName::parse("BANANA").unwrap();
    let reader = ReadHistory::new(store.clone(), store);
    let error = reader.run(&HistoryQuery { metric, ..query() }).await.unwrap_err();
    assert!(matches!(error, HistoryError::Load(LoadError::UnknownMetric { .. })), "{error}");
}
