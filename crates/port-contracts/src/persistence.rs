//! What stores that outlive their process promise besides.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::fmt::Debug;

use benchmark_domain::{HistorySpan, Source, Window, metrics};
use benchmark_ports::{Contenders, RecordOutcome, Revision, RunFilter};

use crate::fixtures::{
    a_key, a_metric, a_run, at, full_conditions, full_figures, page, scope_of, ttft,
};
use crate::publishing::publish;
use crate::{Place, Stores};

/// Everything that can be read, in an order of its own where a port has none.
async fn everything(stores: &Stores) -> impl PartialEq + Debug + use<> {
    let Stores { runs, rankings, publisher, catalogue, keys, .. } = stores;
    let scope = ttft();
    let contenders = async |window| {
        let mut found = rankings.contenders(&scope, window, at(0)).await.unwrap();
        found.contenders.sort_by(|a, b| a.llm.cmp(&b.llm));
        found
    };
    let mut pending = publisher.pending().await.unwrap();
    pending.sort();
    (
        runs.runs(&RunFilter::default(), None, page(100)).await.unwrap(),
        (contenders(Window::Latest).await, contenders(Window::All).await),
        rankings.current(&scope).await.unwrap(),
        rankings.history(&scope, HistorySpan::default(), None, page(100)).await.unwrap(),
        catalogue.metrics().await.unwrap(),
        catalogue.llms(None, page(100)).await.unwrap(),
        catalogue.workloads(None, page(100)).await.unwrap(),
        catalogue.workloads_with(&scope.metric, page(100)).await.unwrap(),
        keys.find(&a_key(1).hash).await.unwrap(),
        pending,
    )
}

pub async fn everything_survives_reopening(place: impl Place) {
    let stores = place.open().await;
    let energy = a_metric("ENERGY");
    stores.catalogue.add_metric(&energy).await.unwrap();
    let full = a_run()
        .provider("groq")
        .conditions(full_conditions())
        .source(Source::Import)
        .tool("llmperf", Some("2.0"))
        .file("groq.json")
        .ttft(&[0.1, 0.2])
        .samples(energy.name, &[3.0])
        .reported(metrics::TPS, full_figures())
        .build();
    stores.record(&[full, a_run().build()], at(1)).await;
    publish(&stores, &ttft()).await;
    stores.record(&[a_run().started(at(-9)).build()], at(2)).await;
    publish(&stores, &ttft()).await;
    stores.keys.insert(&a_key(1)).await.unwrap();
    let before = everything(&stores).await;
    drop(stores);
    let reopened = place.open().await;
    assert_eq!(everything(&reopened).await, before);
}

pub async fn recording_goes_on_after_reopening(place: impl Place) {
    let stores = place.open().await;
    let run = a_run().build();
    stores.record(std::slice::from_ref(&run), at(1)).await;
    publish(&stores, &ttft()).await;
    drop(stores);
    let stores = place.open().await;
    let runs = [run, a_run().llm("other").build()];
    let again = stores.record(&runs, at(2)).await;
    assert_eq!(again.outcomes, [RecordOutcome::Known, RecordOutcome::New]);
    let (revision, _, _) = publish(&stores, &ttft()).await;
    assert_eq!(revision, Revision(2));
}

pub async fn what_was_not_published_yet_is_pending_after_reopening(place: impl Place) {
    let stores = place.open().await;
    stores.record(&[a_run().build()], at(1)).await;
    publish(&stores, &ttft()).await;
    drop(stores);
    let stores = place.open().await;
    assert_eq!(stores.publisher.pending().await.unwrap(), [scope_of(metrics::ERROR_RATE)]);
}

pub async fn two_that_are_open_at_once_see_the_same(place: impl Place) {
    let (one, other) = (place.open().await, place.open().await);
    one.record(&[a_run().llm("a").build()], at(1)).await;
    other.record(&[a_run().llm("b").build()], at(2)).await;
    for stores in [&one, &other] {
        let found: Contenders =
            stores.rankings.contenders(&ttft(), Window::Latest, at(0)).await.unwrap();
        assert_eq!((found.revision, found.contenders.len()), (Revision(2), 2));
    }
}
