//! What `RankingReader` promises of what a ranking is made of.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::collections::{BTreeMap, BTreeSet};

use benchmark_domain::{
    Contender, Llm, PooledRuns, RankingScope, Requests, Run, Source, Statistic, Window, metrics,
};
use benchmark_ports::{Contenders, Revision};

use crate::Stores;
use crate::fixtures::{
    RunBuilder, a_run, an_unrankable_run, at, full_figures, llm, llm_at, measured, scope_of, ttft,
};
use crate::publishing::publish;
use crate::recording::record_all;

/// The TTFTs on `default` by LLM, in order, so that they can be compared.
async fn contenders(stores: &Stores, window: Window) -> Vec<Contender> {
    let found = stores.rankings.contenders(&ttft(), window, at(0)).await.unwrap();
    let mut contenders = found.contenders;
    contenders.sort_by(|a, b| a.llm.cmp(&b.llm));
    contenders
}

/// An LLM with these runs, which are all it has.
fn contender(llm: Llm, runs: &[&Run]) -> Contender {
    let requests = runs.iter().map(|run| run.requests).fold(Requests::default(), Requests::plus);
    Contender { llm, runs: ttfts(runs), requests }
}

/// Those runs as the measurements of TTFT that they are.
fn ttfts(runs: &[&Run]) -> PooledRuns {
    runs.iter().map(|run| measured(run, &metrics::TTFT)).collect()
}

pub async fn a_scope_without_runs_has_no_contenders(stores: Stores) {
    record_all(&stores, [a_run().samples(metrics::TPS, &[1.0])]).await;
    for window in [Window::Latest, Window::Hours(24), Window::All] {
        let found = stores.rankings.contenders(&ttft(), window, at(0)).await.unwrap();
        assert_eq!(found, Contenders { revision: Revision(0), contenders: vec![] });
    }
}

pub async fn a_contender_says_what_its_run_said(stores: Stores) {
    let runs = record_all(
        &stores,
        [
            a_run().llm("a").provider("groq").requests(9, 4).ttft(&[0.1, 0.0, 1e-9, 7.0]),
            a_run().llm("b").source(Source::Import).reported(metrics::TTFT, full_figures()),
        ],
    )
    .await;
    for window in [Window::Latest, Window::Hours(1), Window::All] {
        let expected =
            [contender(llm_at("a", "groq"), &[&runs[0]]), contender(llm("b"), &[&runs[1]])];
        assert_eq!(contenders(&stores, window).await, expected, "{window}");
    }
}

pub async fn contenders_are_of_one_metric_on_one_workload(stores: Stores) {
    let runs = record_all(
        &stores,
        [
            a_run().llm("here"),
            a_run().llm("elsewhere").workload("other"),
            a_run().llm("otherwise").samples(metrics::TPS, &[1.0]),
        ],
    )
    .await;
    for window in [Window::Latest, Window::Hours(1), Window::All] {
        let expected = [contender(llm("here"), &[&runs[0]])];
        assert_eq!(contenders(&stores, window).await, expected, "{window}");
    }
}

pub async fn latest_is_the_run_that_started_last_whenever_it_was_recorded(stores: Stores) {
    // Two in one call, the newer one first; then an older one; then a newer one.
    let first = record_all(&stores, [a_run().started(at(-10)), a_run().started(at(-20))]).await;
    assert_eq!(contenders(&stores, Window::Latest).await[0].runs, ttfts(&[&first[0]]));
    record_all(&stores, [a_run().started(at(-30))]).await;
    assert_eq!(contenders(&stores, Window::Latest).await[0].runs, ttfts(&[&first[0]]));
    let last = record_all(&stores, [a_run().started(at(-5))]).await;
    assert_eq!(contenders(&stores, Window::Latest).await[0].runs, ttfts(&[&last[0]]));
}

pub async fn latest_is_the_latest_that_measured_the_metric(stores: Stores) {
    let with = record_all(&stores, [a_run().started(at(-20))]).await;
    record_all(&stores, [a_run().started(at(-10)).samples(metrics::TPS, &[1.0])]).await;
    assert_eq!(contenders(&stores, Window::Latest).await[0].runs, ttfts(&[&with[0]]));
}

/// So many requests of which so many failed, in one contender of a scope.
async fn assert_requests(
    stores: &Stores,
    scope: &RankingScope,
    window: Window,
    (attempted, failed): (u64, u64),
) {
    let found = stores.rankings.contenders(scope, window, at(0)).await.unwrap().contenders;
    let requests: Vec<_> = found.iter().map(|contender| contender.requests).collect();
    let expected = Requests::new(attempted, failed).unwrap();
    assert_eq!(requests, [expected], "{scope} {window}");
}

pub async fn a_run_that_failed_entirely_counts_wherever_its_llm_stands(stores: Stores) {
    let worked = a_run().started(at(-20)).requests(9, 1).ttft(&[0.1]).samples(metrics::TPS, &[9.0]);
    let failed = || a_run().started(at(-10)).requests(5, 5).nothing();
    let runs = record_all(&stores, [worked, failed()]).await;
    // Neither those of others count, nor those elsewhere.
    record_all(&stores, [failed().llm("other"), failed().workload("other")]).await;
    for (window, requests) in
        [(Window::Latest, (5, 5)), (Window::Hours(1), (14, 6)), (Window::All, (14, 6))]
    {
        for scope in [ttft(), scope_of(metrics::TPS)] {
            assert_requests(&stores, &scope, window, requests).await;
        }
        assert_eq!(contenders(&stores, window).await[0].runs, ttfts(&[&runs[0]]));
    }
}

pub async fn an_older_failed_run_counts_in_all_and_not_in_latest(stores: Stores) {
    let failed =
        |seconds, requests| a_run().started(at(seconds)).requests(requests, requests).nothing();
    let worked = a_run().started(at(-20)).requests(9, 1);
    record_all(&stores, [failed(-7200, 100), failed(-30, 10), worked, failed(-10, 5)]).await;
    assert_requests(&stores, &ttft(), Window::Latest, (5, 5)).await;
    assert_requests(&stores, &ttft(), Window::Hours(1), (24, 16)).await;
    assert_requests(&stores, &ttft(), Window::All, (124, 116)).await;
    record_all(&stores, [a_run().started(at(-5)).requests(7, 0)]).await;
    assert_requests(&stores, &ttft(), Window::Latest, (7, 0)).await;
}

pub async fn latest_counts_the_requests_of_a_newer_run_that_mostly_failed(stores: Stores) {
    let hour = 3600;
    let mut expected = BTreeMap::new();
    // The newest run, by how many of its ten requests failed and what it measured; by
    // how much it started after the latest that measured the metric.
    for failed in [0, 5, 6, 10] {
        for (later, since) in [-hour, 1, hour, 50 * hour].into_iter().zip(["-", "s", "h", "d"]) {
            let llm = format!("{failed} {since}");
            let run = || a_run().llm(&llm);
            let newest = || run().started(at(-hour + later)).requests(10, failed);
            let measured = |run: RunBuilder| match failed {
                10 => run.nothing(),
                _ => run.samples(metrics::TPS, &[9.0]),
            };
            record_all(
                &stores,
                [
                    run().started(at(-hour)).requests(100, 1),
                    measured(newest()),
                    // Neither older ones count, nor those elsewhere.
                    run().started(at(-2 * hour - 1)).requests(7, 7).nothing(),
                    run().started(at(90 * hour)).workload("other").requests(7, 7).nothing(),
                ],
            )
            .await;
            let requests = if later > 0 && failed > 5 { (10, failed) } else { (100, 1) };
            expected.insert(llm, Requests::new(requests.0, requests.1).unwrap());
        }
    }
    let found = contenders(&stores, Window::Latest).await;
    let found = found.into_iter().map(|it| (it.llm.name.to_string(), it.requests));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
}

pub async fn an_unrankable_run_counts_nowhere(stores: Stores) {
    let ranked = record_all(&stores, [a_run().started(at(-20))]).await;
    let unrankable = || an_unrankable_run().requests(9, 5);
    record_all(
        &stores,
        [
            unrankable().started(at(-30)),
            unrankable().started(at(-10)),
            unrankable().llm("alone"),
            unrankable().started(at(-10)).samples(metrics::TPS, &[9.0]),
        ],
    )
    .await;
    for window in [Window::Latest, Window::Hours(1), Window::All] {
        assert_eq!(contenders(&stores, window).await, [contender(llm("llm"), &[&ranked[0]])]);
        for metric in [metrics::TTFT, metrics::ERROR_RATE] {
            assert_requests(&stores, &scope_of(metric), window, (4, 0)).await;
        }
        let elsewhere = stores.rankings.contenders(&scope_of(metrics::TPS), window, at(0)).await;
        assert_eq!(elsewhere.unwrap().contenders, [], "{window}");
    }
    // Nothing of it is to be published.
    publish(&stores, &ttft()).await;
    publish(&stores, &scope_of(metrics::ERROR_RATE)).await;
    assert_eq!(stores.publisher.pending().await.unwrap(), []);
}

pub async fn an_llm_that_only_failed_is_no_contender(stores: Stores) {
    record_all(&stores, [a_run().nothing()]).await;
    for window in [Window::Latest, Window::Hours(1), Window::All] {
        assert_eq!(contenders(&stores, window).await, [], "{window}");
        assert_requests(&stores, &scope_of(metrics::ERROR_RATE), window, (4, 4)).await;
    }
}

pub async fn of_runs_that_started_together_that_of_the_greatest_id_is_newest(stores: Stores) {
    let mut runs = record_all(&stores, [a_run()]).await;
    for i in 0..8 {
        runs.extend(record_all(&stores, [a_run().requests(5 + i, 5 + i).nothing()]).await);
        let newest = runs.iter().max_by_key(|run| run.id()).unwrap().requests;
        let requests = (newest.attempted(), newest.failed());
        assert_requests(&stores, &ttft(), Window::Latest, requests).await;
    }
}

pub async fn requests_without_number_are_the_most_there_can_be(stores: Stores) {
    // So many that their sum is beyond 64 bits.
    record_all(&stores, (0..2100).map(|i| a_run().started(at(-i)).requests(1 << 53, 1 << 52)))
        .await;
    assert_requests(&stores, &ttft(), Window::All, (1 << 53, 1 << 53)).await;
}

pub async fn of_runs_that_started_together_the_greater_id_is_latest(stores: Stores) {
    let samples = [[0.1], [0.2], [0.3], [0.4], [0.5]];
    let mut runs = vec![];
    for samples in samples {
        runs.extend(record_all(&stores, [a_run().ttft(&samples)]).await);
        let greatest = runs.iter().max_by_key(|run| run.id()).unwrap();
        assert_eq!(contenders(&stores, Window::Latest).await[0].runs, ttfts(&[greatest]));
    }
}

pub async fn a_duration_takes_the_runs_that_started_inside_it(stores: Stores) {
    let hour = 3600;
    let runs = record_all(
        &stores,
        [
            a_run().llm("a").started(at(0)),
            a_run().llm("a").started(at(-hour)),
            a_run().llm("a").started(at(-hour - 1)),
            a_run().llm("b").started(at(-2 * hour)),
        ],
    )
    .await;
    let recent = contenders(&stores, Window::Hours(1)).await;
    assert_alike(&recent, &[contender(llm("a"), &[&runs[0], &runs[1]])]);
    let all = contenders(&stores, Window::All).await;
    let expected =
        [contender(llm("a"), &[&runs[0], &runs[1], &runs[2]]), contender(llm("b"), &[&runs[3]])];
    assert_alike(&all, &expected);
    assert_alike(&contenders(&stores, Window::Hours(2)).await, &all);
}

/// Equal up to the rounding of a few additions in another order.
fn assert_alike(found: &[Contender], expected: &[Contender]) {
    let known = |of: &[Contender]| -> Vec<_> {
        let known = |it: &Contender| {
            let newest = it.newest().map(|run| (run.run, run.started_at, run.source));
            (it.llm.clone(), it.runs.len(), it.sample_count(), it.requests, newest)
        };
        of.iter().map(known).collect()
    };
    assert_eq!(known(found), known(expected));
    for (found, expected) in found.iter().zip(expected) {
        for statistic in Statistic::ALL {
            let figures = |it: &Contender| {
                let estimate = it.estimate(statistic)?;
                let interval = estimate.interval?;
                Some([estimate.value, interval.low, interval.high])
            };
            match (figures(found), figures(expected)) {
                (Some(found), Some(expected)) => {
                    for (found, expected) in found.into_iter().zip(expected) {
                        assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
                    }
                }
                (found, expected) => assert_eq!(found, expected, "{statistic}"),
            }
        }
    }
}

pub async fn a_window_may_begin_at_any_moment_of_a_day(stores: Stores) {
    let hour = 3600;
    // From now back over the midnights of three days, and something each time.
    let samples = |i: i64| [0.1, 0.2, 0.3, 0.4, 0.5, 0.6].map(|it| it + i as f64 / 1000.0);
    let run = |i: i64| a_run().started(at(-i * hour)).requests(9, 1).ttft(&samples(i));
    let mut runs = record_all(&stores, (0..80).step_by(2).map(run)).await;
    let failed = (1..80).step_by(9).map(|i| a_run().started(at(-i * hour)).nothing());
    runs.extend(record_all(&stores, failed).await);
    record_all(&stores, (0..80).map(|i| an_unrankable_run().started(at(-i * hour)))).await;
    for hours in [1, 15, 16, 24, 39, 40, 41, 63, 64, 100] {
        let start = at(-i64::from(hours) * hour);
        let inside = || runs.iter().filter(|run| run.started_at >= start);
        let measured: Vec<_> =
            inside().filter(|run| run.measurements().contains_key(&metrics::TTFT)).collect();
        let expected = Contender {
            requests: inside().map(|run| run.requests).fold(Requests::default(), Requests::plus),
            ..contender(llm("llm"), &measured)
        };
        assert_alike(&contenders(&stores, Window::Hours(hours)).await, &[expected]);
    }
}

pub async fn the_rate_of_errors_alone_is_a_rate(stores: Stores) {
    record_all(&stores, [a_run().samples(metrics::TPS, &[0.0; 4])]).await;
    for window in [Window::Latest, Window::Hours(1), Window::All] {
        for (metric, is_rate) in [(metrics::ERROR_RATE, true), (metrics::TPS, false)] {
            let found = stores.rankings.contenders(&scope_of(metric.clone()), window, at(0)).await;
            let estimate = found.unwrap().contenders[0].estimate(Statistic::Mean).unwrap();
            assert_eq!(estimate.value, 0.0);
            assert_eq!(estimate.interval.is_some(), is_rate, "{metric} {window}");
        }
    }
}

pub async fn runs_of_a_day_that_are_recorded_at_once_all_count(stores: Stores) {
    let runs: Vec<_> =
        (0..40).map(|i| a_run().started(at(-i)).ttft(&[0.1 + i as f64]).build()).collect();
    let tasks: Vec<_> = runs
        .chunks(2)
        .map(|two| {
            let (stores, two) = (stores.clone(), two.to_vec());
            tokio::spawn(async move { stores.record(&two, at(0)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let all: Vec<_> = runs.iter().collect();
    assert_alike(&contenders(&stores, Window::All).await, &[contender(llm("llm"), &all)]);
}

pub async fn every_recording_of_something_new_moves_the_revision(stores: Stores) {
    let revision =
        async || stores.rankings.contenders(&ttft(), Window::Latest, at(0)).await.unwrap().revision;
    record_all(&stores, [a_run().llm("a"), a_run().llm("b")]).await;
    assert_eq!(revision().await, Revision(1));
    record_all(&stores, [a_run().llm("a")]).await;
    record_all(&stores, [a_run().workload("other")]).await;
    assert_eq!(revision().await, Revision(1));
    record_all(&stores, [a_run().llm("c")]).await;
    assert_eq!(revision().await, Revision(2));
}

pub async fn a_run_that_failed_entirely_moves_every_ranking_of_its_llm(stores: Stores) {
    let scopes = [ttft(), scope_of(metrics::TPS), scope_of(metrics::ERROR_RATE)];
    let worked = || a_run().started(at(-20)).ttft(&[0.1]).samples(metrics::TPS, &[9.0]);
    let others = [
        a_run().llm("other").samples(metrics::ITL, &[0.1]),
        worked().workload("other").samples(metrics::TPOT, &[0.1]),
    ];
    record_all(&stores, others.into_iter().chain([worked()])).await;
    for scope in stores.publisher.pending().await.unwrap() {
        publish(&stores, &scope).await;
    }
    let failed = [a_run().nothing().build()];
    let affected = stores.record(&failed, at(0)).await.affected;
    let pending = stores.publisher.pending().await.unwrap();
    for found in [affected, pending] {
        assert_eq!(found.len(), scopes.len(), "{found:?}");
        assert_eq!(BTreeSet::from_iter(found), BTreeSet::from(scopes.clone()));
    }
    for scope in &scopes {
        let read = stores.rankings.contenders(scope, Window::Latest, at(0)).await.unwrap();
        assert_eq!(read.revision, Revision(2), "{scope}");
        assert!(!stores.rankings.current(scope).await.unwrap().unwrap().up_to_date, "{scope}");
    }
    // Recorded again, it moves nothing.
    assert_eq!(stores.record(&failed, at(1)).await.affected, []);
}
