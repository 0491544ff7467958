//! What `RankingReader` promises of rankings that were published.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use benchmark_domain::{
    Bucket, ConfidenceInterval, HistorySpan, Publication, Quantiles, RankInterval, RankedLlm,
    RankingEntry, Requests, Source, Tier, Timestamp, metrics,
};
use benchmark_ports::{PublishOutcome, Revision};

use crate::Stores;
use crate::fixtures::{a_run, at, entry_id, llm, llm_at, page, scope_of, slug, ttft};
use crate::publishing::publish;
use crate::recording::record_all;

pub async fn what_was_never_published_is_none(stores: Stores) {
    record_all(&stores, [a_run()]).await;
    assert_eq!(stores.rankings.current(&ttft()).await.unwrap(), None);
    assert_eq!(
        stores.rankings.history(&ttft(), HistorySpan::default(), None, page(10)).await.unwrap(),
        []
    );
}

fn full_entry() -> RankedLlm {
    RankedLlm {
        llm: llm_at("Llama 'Ω'", "groq"),
        rank: 1,
        rank_interval: RankInterval { low: 1, high: 2 },
        tier: Tier::Reliable,
        value: 0.1 + 0.2,
        interval: Some(ConfidenceInterval { low: -0.25, high: 1e12 }),
        provisional: true,
        mean: 1.0 / 3.0,
        quantiles: Quantiles { p50: Some(0.3), p90: Some(0.9), p95: Some(1.5), p99: Some(9.9) },
        sample_count: 1 << 53,
        run_count: 3,
        requests: Requests::new(1 << 53, 1 << 52).unwrap(),
        source: Source::Probe,
        measured_at: at(-7),
    }
}

fn bare_entry() -> RankedLlm {
    RankedLlm {
        llm: llm("bare"),
        rank: 2,
        tier: Tier::MostlyFailed,
        interval: None,
        provisional: false,
        quantiles: Quantiles::default(),
        sample_count: 0,
        requests: Requests::new(3, 2).unwrap(),
        source: Source::Simulation,
        ..full_entry()
    }
}

pub async fn every_field_of_a_publication_survives(stores: Stores) {
    record_all(&stores, [a_run()]).await;
    let entry = |ranked| RankingEntry { id: entry_id(), ranked };
    let publication = Publication {
        scope: ttft(),
        published_at: at(5),
        entries: vec![entry(full_entry()), entry(bare_entry())],
    };
    let outcome = stores.publisher.publish(&publication, Revision(1)).await.unwrap();
    assert_eq!(outcome, PublishOutcome::Published);
    let current = stores.rankings.current(&ttft()).await.unwrap().unwrap();
    assert_eq!((&current.entries, current.up_to_date), (&publication.entries, true));
    let history =
        stores.rankings.history(&ttft(), HistorySpan::default(), None, page(10)).await.unwrap();
    assert_eq!(history, [(Revision(1), publication)]);
}

pub async fn entries_keep_their_order_where_ranks_are_shared(stores: Stores) {
    let names = ["b", "a", "B", "é", "c"];
    record_all(&stores, names.map(|name| a_run().llm(name))).await;
    record_all(&stores, [a_run().llm("a").provider("z"), a_run().llm("a").provider("groq")]).await;
    let (_, published, _) = publish(&stores, &ttft()).await;
    assert!(published.entries.iter().all(|entry| entry.ranked.rank == 1));
    let current = stores.rankings.current(&ttft()).await.unwrap().unwrap();
    assert_eq!(current.entries, published.entries);
}

pub async fn a_publication_without_entries_is_one(stores: Stores) {
    record_all(&stores, [a_run()]).await;
    let empty = Publication { scope: ttft(), published_at: at(5), entries: vec![] };
    stores.publisher.publish(&empty, Revision(1)).await.unwrap();
    let current = stores.rankings.current(&ttft()).await.unwrap().unwrap();
    assert_eq!((current.entries, current.up_to_date), (vec![], true));
}

pub async fn a_recording_makes_the_current_ranking_out_of_date(stores: Stores) {
    record_all(&stores, [a_run()]).await;
    let (_, first, _) = publish(&stores, &ttft()).await;
    record_all(&stores, [a_run().workload("other")]).await;
    assert!(stores.rankings.current(&ttft()).await.unwrap().unwrap().up_to_date);
    record_all(&stores, [a_run().llm("new")]).await;
    let current = stores.rankings.current(&ttft()).await.unwrap().unwrap();
    assert_eq!((current.entries, current.up_to_date), (first.entries, false));
    let (_, second, _) = publish(&stores, &ttft()).await;
    let current = stores.rankings.current(&ttft()).await.unwrap().unwrap();
    assert_eq!((current.entries, current.up_to_date), (second.entries, true));
}

pub async fn history_is_in_order_and_in_pages(stores: Stores) {
    let mut published = vec![];
    for second in 0..5 {
        record_all(&stores, [a_run().started(at(second)), a_run().llm("b").started(at(second))])
            .await;
        record_all(&stores, [a_run().workload("other").started(at(second))]).await;
        let (revision, publication, _) = publish(&stores, &ttft()).await;
        published.push((revision, publication));
    }
    assert!(published.is_sorted_by_key(|(revision, _)| *revision));
    let history = async |span, items| {
        stores.rankings.history(&ttft(), span, None, page(items)).await.unwrap()
    };
    let everything = HistorySpan::default();
    assert_eq!(history(everything, 10).await, published);
    // The last page comes first, and the one before it ends where it begins.
    let last = history(everything, 2).await;
    assert_eq!(last, published[3..]);
    let before = |publication: &Publication| span(None, Some(publication.published_at), "");
    let second = history(before(&last[0].1), 2).await;
    assert_eq!(second, published[1..3]);
    assert_eq!(history(before(&second[0].1), 2).await, published[..1]);
    assert_eq!(history(before(&published[0].1), 2).await, []);
}

fn span(from: Option<Timestamp>, to: Option<Timestamp>, bucket: &str) -> HistorySpan {
    HistorySpan::new(from, to, Bucket::parse(bucket).ok(), at(0)).unwrap()
}

/// Publishes an entry each at these times in seconds, under revisions from 1 on.
async fn publish_at(stores: &Stores, seconds: &[i64]) {
    record_all(stores, [a_run()]).await;
    for (revision, &second) in (1..).zip(seconds) {
        let entries = vec![RankingEntry { id: entry_id(), ranked: bare_entry() }];
        let publication = Publication { scope: ttft(), published_at: at(second), entries };
        let outcome = stores.publisher.publish(&publication, Revision(revision)).await.unwrap();
        assert_eq!(outcome, PublishOutcome::Published);
    }
}

async fn revisions(stores: &Stores, span: HistorySpan, items: u64) -> Vec<i64> {
    let found = stores.rankings.history(&ttft(), span, None, page(items)).await.unwrap();
    assert!(found.iter().all(|(_, publication)| publication.entries.len() == 1));
    found.into_iter().map(|(Revision(revision), _)| revision).collect()
}

pub async fn history_begins_with_its_span_and_ends_before_its_end(stores: Stores) {
    publish_at(&stores, &[0, 10, 20, 30]).await;
    for (from, to, expected) in [
        (None, None, &[1, 2, 3, 4][..]),
        (Some(10), None, &[2, 3, 4]),
        (None, Some(20), &[1, 2]),
        (Some(10), Some(30), &[2, 3]),
        (Some(11), Some(20), &[]),
        (Some(31), None, &[]),
    ] {
        let span = span(from.map(at), to.map(at), "");
        assert_eq!(revisions(&stores, span, 10).await, expected, "{from:?} {to:?}");
    }
}

pub async fn history_shows_the_last_publication_of_each_bucket(stores: Stores) {
    // 15:06:40, 15:06:55, 15:07:05, 15:07:59, 16:00:00, two days later.
    publish_at(&stores, &[0, 15, 25, 79, 3200, 180_000]).await;
    for (bucket, items, expected) in [
        ("1m", 10, &[2, 4, 5, 6][..]),
        ("1m", 3, &[4, 5, 6]),
        ("1h", 10, &[4, 5, 6]),
        ("1d", 10, &[5, 6]),
        ("365d", 10, &[6]),
    ] {
        let span = span(None, None, bucket);
        assert_eq!(revisions(&stores, span, items).await, expected, "{bucket}");
    }
    // A bucket that the span cuts off shows the last publication of the rest.
    assert_eq!(revisions(&stores, span(Some(at(15)), Some(at(79)), "1m"), 10).await, [2, 3]);
}

pub async fn of_publications_at_once_the_later_revision_is_the_last(stores: Stores) {
    // A clock may be set back between two publications.
    publish_at(&stores, &[5, 70, 5, 70]).await;
    assert_eq!(revisions(&stores, HistorySpan::default(), 10).await, [1, 2, 3, 4]);
    assert_eq!(revisions(&stores, HistorySpan::default(), 2).await, [3, 4]);
    assert_eq!(revisions(&stores, span(None, None, "1m"), 10).await, [1, 4]);
}

pub async fn history_of_an_llm_has_its_entries_alone(stores: Stores) {
    record_all(&stores, [a_run().llm("x").provider("groq")]).await;
    publish(&stores, &ttft()).await;
    record_all(&stores, [a_run().llm("x"), a_run().llm("y").provider("groq")]).await;
    publish(&stores, &ttft()).await;
    for (asked, expected) in [
        (llm_at("x", "groq"), vec![vec![llm_at("x", "groq")]; 2]),
        (llm("x"), vec![vec![], vec![llm("x")]]),
        (llm("nobody"), vec![vec![], vec![]]),
    ] {
        let span = HistorySpan::default();
        let found = stores.rankings.history(&ttft(), span, Some(&asked), page(10)).await.unwrap();
        let llms: Vec<Vec<_>> = found
            .into_iter()
            .map(|(_, found)| found.entries.into_iter().map(|entry| entry.ranked.llm).collect())
            .collect();
        assert_eq!(llms, expected, "{asked}");
    }
}

pub async fn publications_are_of_one_metric_on_one_workload(stores: Stores) {
    let mut elsewhere = ttft();
    elsewhere.workload = slug("other");
    let scopes = [ttft(), scope_of(metrics::TPS), elsewhere];
    let twice = || a_run().ttft(&[0.5]).samples(metrics::TPS, &[5.0]);
    record_all(&stores, [twice(), twice().workload("other")]).await;
    for scope in &scopes {
        publish(&stores, scope).await;
    }
    for scope in &scopes {
        let current = stores.rankings.current(scope).await.unwrap().unwrap();
        let history =
            stores.rankings.history(scope, HistorySpan::default(), None, page(10)).await.unwrap();
        let [(Revision(1), published)] = history.as_slice() else { panic!("{history:?}") };
        assert_eq!((&published.scope, published.entries.len()), (scope, 1));
        assert_eq!(published.entries, current.entries);
    }
}
