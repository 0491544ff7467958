//! What `RunStore` promises.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::collections::BTreeSet;

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    Conditions, Grade, ReportedSummary, Run, RunId, Source, Verdict, Window, metrics,
};
use benchmark_ports::RecordOutcome::{Known, New};
use benchmark_ports::{
    IdempotencyKey, OtherLabel, OtherLabels, RecordOutcome, RecordedRun, Recording, Revision,
    RunFilter, SUBMISSIONS_KEPT, Submission,
};

use crate::Stores;
use crate::fixtures::{
    RunBuilder, a_metric, a_run, an_unrankable_run, at, full_conditions, full_figures, page,
    scope_of, slug, ttft,
};
use crate::recording::record;

async fn all(stores: &Stores) -> Vec<Run> {
    let runs = stores.runs.runs(&RunFilter::default(), None, page(1000)).await.unwrap().unwrap();
    runs.into_iter().map(|recorded| recorded.run).collect()
}

async fn assert_survives(stores: &Stores, run: Run) {
    let recorded_at = at(99);
    stores.record(std::slice::from_ref(&run), recorded_at).await;
    let verdict = Verdict::of(&run);
    let original = RecordedRun { run, recorded_at, verdict };
    let found = stores.runs.run(original.run.id()).await.unwrap();
    assert_eq!(found.as_ref(), Some(&original));
    assert_eq!(found.unwrap().run.id(), original.run.id());
    let listed = stores.runs.runs(&RunFilter::default(), None, page(1)).await.unwrap();
    assert_eq!(listed, Some(vec![original]));
}

pub async fn every_field_of_a_run_survives(stores: Stores) {
    let run = a_run()
        .llm("Llama 3.1 'Ω' \"405\"; DROP TABLE runs --")
        .provider("groq / 東京 %_")
        .workload("550in-150out-c5")
        .conditions(full_conditions())
        .source(Source::Import)
        .requests(150, 49)
        .tool("llmperf", Some("2.0"))
        .file("groq_70b.json")
        .ttft(&[0.0, 1e-9, 0.1 + 0.2, 1e12])
        .samples(metrics::TPS, &[61.5])
        .reported(metrics::E2E_LATENCY, full_figures())
        .reported(metrics::RPS, ReportedSummary::of_mean(0.7));
    assert_survives(&stores, run.build()).await;
}

pub async fn a_run_of_which_little_is_known_survives(stores: Stores) {
    assert_survives(&stores, a_run().tool("curl", None).build()).await;
}

pub async fn a_run_of_very_many_requests_survives(stores: Stores) {
    let figures = ReportedSummary { count: Some(1 << 52), ..ReportedSummary::of_mean(0.1) };
    let run = a_run().requests(1 << 53, 1 << 52).reported(metrics::TTFT, figures);
    assert_survives(&stores, run.build()).await;
}

pub async fn a_run_of_each_source_survives(stores: Stores) {
    for source in [Source::Simulation, Source::Import, Source::Push, Source::Probe] {
        let run = record(&stores, a_run().source(source)).await;
        assert_eq!(stores.runs.run(run.id()).await.unwrap().unwrap().run.source, source);
    }
}

pub async fn a_verdict_is_kept_with_all_its_findings(stores: Stores) {
    for run in [a_run(), an_unrankable_run()] {
        let run = record(&stores, run).await;
        let verdict = stores.runs.run(run.id()).await.unwrap().unwrap().verdict;
        assert_eq!(verdict, Verdict::of(&run));
        assert!(!verdict.findings.is_empty());
    }
}

pub async fn an_unrankable_run_is_recorded_and_moves_no_ranking(stores: Stores) {
    let ranked = record(&stores, a_run().started(at(-10))).await;
    let revision = async || {
        let read = stores.rankings.contenders(&ttft(), Window::All, at(0)).await.unwrap();
        read.revision
    };
    let before = revision().await;
    let run = an_unrankable_run().build();
    let recorded = stores.record(std::slice::from_ref(&run), at(0)).await;
    assert_eq!((recorded.outcomes, recorded.affected), (vec![New], vec![]));
    assert_eq!(revision().await, before);
    assert_eq!(all(&stores).await, [run, ranked]);
}

pub async fn an_unknown_run_is_none(stores: Stores) {
    assert_eq!(stores.runs.run(RunId(Uuid::nil())).await.unwrap(), None);
}

pub async fn a_run_recorded_again_changes_nothing(stores: Stores) {
    let run = a_run().build();
    let first = stores.record(std::slice::from_ref(&run), at(1)).await;
    assert_eq!(first.outcomes, [New]);
    let again = stores.record(std::slice::from_ref(&run), at(2)).await;
    assert_eq!((again.outcomes, again.affected), (vec![Known], vec![]));
    assert_eq!(stores.runs.run(run.id()).await.unwrap().unwrap().recorded_at, at(1));
    assert_eq!(all(&stores).await, [run]);
}

pub async fn a_run_read_from_a_copy_of_its_file_is_known(stores: Stores) {
    let first = record(&stores, a_run().file("original.json")).await;
    let copy = a_run().file("copy.json").build();
    let again = stores.record(&[copy], at(2)).await;
    assert_eq!(again.outcomes, [Known]);
    assert_eq!(all(&stores).await, [first]);
}

pub async fn a_run_given_twice_in_one_call_is_recorded_once(stores: Stores) {
    let (a, b) = (a_run().llm("a").build(), a_run().llm("b").build());
    let runs = [a.clone(), b.clone(), a.clone()];
    let recorded = stores.record(&runs, at(0)).await;
    assert_eq!(recorded.outcomes, [New, New, Known]);
    assert_eq!(all(&stores).await.len(), 2);
}

pub async fn a_run_recorded_concurrently_is_recorded_once(stores: Stores) {
    let run = a_run().build();
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let (stores, run) = (stores.clone(), run.clone());
            tokio::spawn(async move { stores.record(&[run], at(0)).await.outcomes })
        })
        .collect();
    let mut new = 0;
    for attempt in attempts {
        new += attempt.await.unwrap().iter().filter(|outcome| **outcome == New).count();
    }
    assert_eq!(new, 1);
    assert_eq!(all(&stores).await, [run]);
}

pub async fn outcomes_are_in_the_order_of_the_runs(stores: Stores) {
    let known = record(&stores, a_run().llm("m")).await;
    let runs = [a_run().llm("z").build(), known, a_run().llm("a").build()];
    let recorded = stores.record(&runs, at(0)).await;
    assert_eq!(recorded.outcomes, [New, Known, New]);
}

pub async fn the_scopes_of_new_runs_are_affected_each_once(stores: Stores) {
    let known = record(&stores, a_run().samples(metrics::ITL, &[0.1])).await;
    let runs = [
        a_run().llm("a").build(),
        a_run().llm("b").build(),
        a_run().workload("other").samples(metrics::TPS, &[9.0]).build(),
        known,
    ];
    let affected = stores.record(&runs, at(0)).await.affected;
    let elsewhere = |metric| {
        let mut scope = scope_of(metric);
        scope.workload = slug("other");
        scope
    };
    let expected = BTreeSet::from([
        ttft(),
        scope_of(metrics::ERROR_RATE),
        elsewhere(metrics::TPS),
        elsewhere(metrics::ERROR_RATE),
    ]);
    assert_eq!(affected.len(), expected.len(), "{affected:?}");
    assert_eq!(BTreeSet::from_iter(affected), expected);
}

pub async fn runs_are_recorded_all_or_none(stores: Stores) {
    let before = record(&stores, a_run().llm("before")).await;
    let scope = ttft();
    let contenders = || stores.rankings.contenders(&scope, Window::All, at(0));
    let revision = contenders().await.unwrap().revision;
    let unknown = a_metric("NOBODY_KNOWS").name;
    let runs = [
        a_run().llm("good").workload("new").build(),
        a_run().llm("good too").build(),
        a_run().llm("bad").samples(unknown, &[1.0]).build(),
    ];
    stores.runs.record(&runs, at(0), None).await.unwrap_err();
    assert_eq!(all(&stores).await, [before]);
    assert_eq!(stores.catalogue.llms(None, page(10)).await.unwrap().unwrap().len(), 1);
    assert_eq!(stores.catalogue.workloads(None, page(10)).await.unwrap().len(), 1);
    assert_eq!(contenders().await.unwrap().revision, revision);
}

pub async fn recording_no_runs_changes_nothing(stores: Stores) {
    let recorded = stores.record(&[], at(0)).await;
    assert_eq!((recorded.outcomes, recorded.affected), (vec![], vec![]));
    assert_eq!(stores.publisher.pending().await.unwrap(), []);
}

pub async fn a_known_workload_keeps_its_conditions(stores: Stores) {
    let first = record(&stores, a_run().conditions(full_conditions())).await;
    let second = record(&stores, a_run().llm("other")).await;
    let found = stores.runs.run(second.id()).await.unwrap().unwrap().run;
    assert_eq!(found.workload, first.workload);
    let listed = stores.catalogue.workloads(None, page(10)).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&first.workload));
}

/// Begins a run on a workload with this label for its GPU.
fn on_gpu(workload: &str, gpu: &str) -> RunBuilder {
    let labels = [("gpu".to_owned(), gpu.to_owned())].into();
    let conditions = Conditions { labels, ..Conditions::default() };
    a_run().llm(gpu).workload(workload).conditions(conditions)
}

pub async fn a_new_workload_has_the_conditions_of_its_first_run(stores: Stores) {
    let names = ["a", "b", "c", "d", "e", "f"];
    let runs = names.map(|name| [on_gpu(name, "h100"), a_run().workload(name)]);
    let runs: Vec<_> = runs.into_iter().flatten().map(RunBuilder::build).collect();
    stores.record(&runs, at(0)).await;
    for found in stores.catalogue.workloads(None, page(10)).await.unwrap() {
        assert_eq!(found.conditions.labels["gpu"], "h100", "{}", found.slug);
    }
}

pub async fn a_run_under_another_label_than_its_workload_is_refused(stores: Stores) {
    let first = record(&stores, on_gpu("chat", "h100")).await;
    let runs = [
        a_run().llm("elsewhere").workload("code").build(),
        on_gpu("chat", "a100").build(),
        on_gpu("chat", "b200").build(),
    ];
    let submission = submission("a", "key", 1);
    let Recording::OtherLabels(refused) = submit(&stores, &runs, 1, &submission).await else {
        panic!("it is recorded");
    };
    let other = |run: usize, gpu: &str| OtherLabel {
        run,
        workload: slug("chat"),
        key: "gpu".to_owned(),
        value: gpu.to_owned(),
        known: Some("h100".to_owned()),
    };
    let expected = OtherLabels { first: other(1, "a100"), others: vec![other(2, "b200")] };
    assert_eq!(refused, expected);
    assert_eq!(all(&stores).await, std::slice::from_ref(&first));
    assert_eq!(stores.catalogue.llms(None, page(10)).await.unwrap(), Some(vec![first.llm.clone()]));
    let workloads = stores.catalogue.workloads(None, page(10)).await.unwrap();
    assert_eq!(workloads, std::slice::from_ref(&first.workload));

    // What was refused has not used up its key, and what was not is known again.
    let others = [on_gpu("chat", "h100").build(), a_run().workload("chat").build()];
    assert_eq!(outcomes(submit(&stores, &others, 2, &submission).await), [Known, New]);
}

pub async fn of_labels_recorded_at_once_one_is_that_of_the_workload(stores: Stores) {
    for workload in ["one", "two", "three", "four", "five"] {
        let tasks: Vec<_> = ["h100", "a100", "b200", "mi300"]
            .map(|gpu| {
                let (stores, run) = (stores.clone(), on_gpu(workload, gpu).build());
                tokio::spawn(async move { stores.runs.record(&[run], at(0), None).await.unwrap() })
            })
            .into();
        let mut recorded = 0;
        for task in tasks {
            match task.await.unwrap() {
                Recording::Recorded(_) => recorded += 1,
                refused => assert!(matches!(refused, Recording::OtherLabels(_)), "{refused:?}"),
            }
        }
        assert_eq!(recorded, 1, "{workload}");
    }
}

pub async fn a_thousand_runs_are_recorded_in_one_call(stores: Stores) {
    let runs: Vec<_> = (0..1000).map(|i| a_run().started(at(-i)).build()).collect();
    let recorded = stores.record(&runs, at(0)).await;
    assert_eq!(recorded.outcomes, vec![New; 1000]);
    assert_eq!(recorded.affected.len(), 2);
    assert_eq!(all(&stores).await, runs);
    let scope = ttft();
    let contenders = stores.rankings.contenders(&scope, Window::All, at(0)).await.unwrap();
    assert_eq!(contenders.revision, Revision(1));
    assert_eq!(contenders.contenders[0].runs.len(), 1000);
}

fn submission(sender: &str, key: &str, digest: u8) -> Submission {
    let key = IdempotencyKey::parse(key).unwrap();
    Submission { sender: sender.to_owned(), key, digest: [digest; 32] }
}

/// What becomes of runs that are submitted.
async fn submit(stores: &Stores, runs: &[Run], second: i64, submission: &Submission) -> Recording {
    stores.runs.record(runs, at(second), Some(submission)).await.unwrap()
}

fn outcomes(recording: Recording) -> Vec<RecordOutcome> {
    recording.recorded().unwrap().outcomes
}

pub async fn a_submission_sent_again_is_replayed(stores: Stores) {
    let known = record(&stores, a_run()).await;
    let runs = [known, a_run().llm("new").build()];
    let submission = submission("a", "key", 1);
    assert_eq!(outcomes(submit(&stores, &runs, 1, &submission).await), [Known, New]);
    for second in [2, 3] {
        let again = submit(&stores, &runs, second, &submission).await;
        assert_eq!(again, Recording::Replayed(vec![Known, New]));
    }
    assert_eq!(stores.record(&runs, at(4)).await.outcomes, [Known, Known]);
}

pub async fn a_key_that_stands_for_another_submission_is_taken(stores: Stores) {
    let first = [a_run().build()];
    submit(&stores, &first, 1, &submission("a", "key", 1)).await;
    let other = [a_run().llm("other").build()];
    let refused = submit(&stores, &other, 2, &submission("a", "key", 2)).await;
    assert_eq!(refused, Recording::KeyTaken);
    assert_eq!(all(&stores).await, first);
    let under_its_own = submit(&stores, &other, 3, &submission("a", "other-key", 2)).await;
    assert_eq!(outcomes(under_its_own), [New]);
}

pub async fn senders_do_not_share_their_keys(stores: Stores) {
    for sender in ["a", "b"] {
        let runs = [a_run().llm(sender).build()];
        let recording = submit(&stores, &runs, 1, &submission(sender, "key", 1)).await;
        assert_eq!(outcomes(recording), [New]);
    }
}

pub async fn a_submission_sent_at_once_is_recorded_once(stores: Stores) {
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let stores = stores.clone();
            let run = a_run().build();
            tokio::spawn(
                async move { submit(&stores, &[run], 1, &submission("a", "key", 1)).await },
            )
        })
        .collect();
    let mut recorded = 0;
    for task in tasks {
        match task.await.unwrap() {
            Recording::Recorded(_) => recorded += 1,
            again => assert_eq!(again, Recording::Replayed(vec![New])),
        }
    }
    assert_eq!(recorded, 1);
    assert_eq!(all(&stores).await.len(), 1);
}

pub async fn a_submission_that_failed_may_be_sent_again(stores: Stores) {
    let metric = a_metric("ENERGY");
    let runs = [a_run().build(), a_run().samples(metric.name.clone(), &[1.0]).build()];
    let submission = submission("a", "key", 1);
    stores.runs.record(&runs, at(1), Some(&submission)).await.unwrap_err();
    stores.catalogue.add_metric(&metric).await.unwrap();
    assert_eq!(outcomes(submit(&stores, &runs, 2, &submission).await), [New, New]);
}

pub async fn a_submission_is_forgotten_after_its_day_at_the_earliest(stores: Stores) {
    let (runs, submission) = ([a_run().build()], submission("a", "key", 1));
    submit(&stores, &runs, 0, &submission).await;
    let day = SUBMISSIONS_KEPT.num_seconds();
    let in_time = submit(&stores, &runs, day - 1, &submission).await;
    assert_eq!(in_time, Recording::Replayed(vec![New]));
    let later = submit(&stores, &runs, day + 1, &submission).await;
    assert_eq!(outcomes(later), [Known]);
}

pub async fn runs_are_listed_the_newest_first(stores: Stores) {
    for seconds in [20, 0, 30, 10] {
        record(&stores, a_run().started(at(seconds))).await;
    }
    let starts: Vec<_> = all(&stores).await.iter().map(|run| run.started_at).collect();
    assert_eq!(starts, [at(30), at(20), at(10), at(0)]);
}

/// Reads page after page; `between` is called after each.
async fn page_by_page(
    stores: &Stores,
    filter: &RunFilter,
    items: u64,
    mut between: impl AsyncFnMut(usize),
) -> Vec<RunId> {
    let (mut seen, mut pages) = (vec![], 0);
    loop {
        let after = seen.last().copied();
        let found = stores.runs.runs(filter, after, page(items)).await.unwrap().unwrap();
        assert!(found.len() as u64 <= items);
        if found.is_empty() {
            return seen;
        }
        seen.extend(found.iter().map(|recorded| recorded.run.id()));
        between(pages).await;
        pages += 1;
    }
}

pub async fn pages_of_runs_neither_repeat_nor_hide_under_insertion(stores: Stores) {
    let mut before = BTreeSet::new();
    for seconds in 0..12 {
        before.insert(record(&stores, a_run().started(at(10 * seconds))).await.id());
    }
    let seen = page_by_page(&stores, &RunFilter::default(), 5, async |pages| {
        // One before everything listed so far, one behind it.
        let pages = pages as i64;
        record(&stores, a_run().started(at(1000 + pages))).await;
        record(&stores, a_run().started(at(-1000 + pages))).await;
    })
    .await;
    let distinct: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len());
    assert!(before.is_subset(&distinct));
}

pub async fn runs_that_started_together_are_each_listed_once(stores: Stores) {
    let mut recorded = BTreeSet::new();
    for name in ["a", "b", "c", "d", "e"] {
        recorded.insert(record(&stores, a_run().llm(name)).await.id());
    }
    let seen = page_by_page(&stores, &RunFilter::default(), 2, async |_| {}).await;
    assert_eq!(seen.len(), recorded.len());
    assert_eq!(BTreeSet::from_iter(seen), recorded);
}

pub async fn a_page_behind_an_unknown_run_is_none(stores: Stores) {
    record(&stores, a_run()).await;
    let nobody = RunId(Uuid::nil());
    let found = stores.runs.runs(&RunFilter::default(), Some(nobody), page(10)).await;
    assert_eq!(found.unwrap(), None);
}

pub async fn a_page_behind_the_last_run_is_empty(stores: Stores) {
    let run = record(&stores, a_run()).await;
    let found = stores.runs.runs(&RunFilter::default(), Some(run.id()), page(10)).await;
    assert_eq!(found.unwrap(), Some(vec![]));
}

pub async fn filters_combine(stores: Stores) {
    let mut runs = vec![];
    for (at_second, name) in ["a", "b"].into_iter().enumerate() {
        for workload in ["default", "chat"] {
            for source in [Source::Import, Source::Push] {
                for second in [0, 10] {
                    let started = at(second + at_second as i64);
                    let run = a_run().llm(name).workload(workload).source(source).started(started);
                    runs.push(record(&stores, run).await);
                }
            }
        }
    }
    for workload in [None, Some(slug("chat")), Some(slug("nothing"))] {
        for llm in [None, Some(runs[0].llm.id())] {
            for source in [None, Some(Source::Push), Some(Source::Probe)] {
                let filter = RunFilter { workload: workload.clone(), llm, source, verdict: None };
                let fits = |run: &&Run| {
                    workload.as_ref().is_none_or(|slug| run.workload.slug == *slug)
                        && llm.is_none_or(|llm| run.llm.id() == llm)
                        && source.is_none_or(|source| run.source == source)
                };
                let expected: BTreeSet<_> = runs.iter().filter(fits).map(Run::id).collect();
                let seen = page_by_page(&stores, &filter, 3, async |_| {}).await;
                assert_eq!(seen.len(), expected.len(), "{filter:?}");
                assert_eq!(BTreeSet::from_iter(seen), expected, "{filter:?}");
            }
        }
    }
}

pub async fn runs_are_filtered_by_verdict(stores: Stores) {
    let many: Vec<_> = (1..=400).map(|i| 0.1 + f64::from(i) / 1000.0).collect();
    let runs = [
        record(&stores, a_run().llm("good").ttft(&many)).await,
        record(&stores, a_run().llm("few")).await,
        record(&stores, an_unrankable_run().llm("bad")).await,
    ];
    for (grade, at) in [(Grade::Ok, 0), (Grade::Notice, 1), (Grade::Unrankable, 2)] {
        let filter = RunFilter { verdict: Some(grade), ..RunFilter::default() };
        let seen = page_by_page(&stores, &filter, 3, async |_| {}).await;
        assert_eq!(seen, [runs[at].id()], "{grade}");
    }
    let unjudged = RunFilter { verdict: Some(Grade::Unjudged), ..RunFilter::default() };
    assert_eq!(page_by_page(&stores, &unjudged, 3, async |_| {}).await, []);
}
