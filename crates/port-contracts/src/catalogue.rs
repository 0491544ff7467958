//! What `Catalogue` promises.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use benchmark_domain::{
    Conditions, Direction, Llm, LlmName, Metric, Unit, Window, Workload, WorkloadSlug, metrics,
};
use benchmark_ports::AddMetric;

use crate::Stores;
use crate::fixtures::{a_metric, a_run, at, full_conditions, llm, llm_at, page, scope_of, slug};
use crate::recording::record;

pub async fn the_built_in_metrics_are_always_there(stores: Stores) {
    let mut built_in = metrics::BUILT_IN.to_vec();
    built_in.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(stores.catalogue.metrics().await.unwrap(), built_in.into());
}

pub async fn an_added_metric_is_listed_by_name(stores: Stores) {
    let added = [a_metric("ENERGY"), a_metric("A_FIRST_ONE")];
    for metric in &added {
        assert_eq!(stores.catalogue.add_metric(metric).await.unwrap(), AddMetric::Added);
    }
    let listed = stores.catalogue.metrics().await.unwrap();
    assert!(listed.is_sorted_by(|a, b| a.name < b.name));
    assert_eq!(listed.len(), metrics::BUILT_IN.len() + added.len());
    assert!(added.iter().all(|metric| listed.contains(metric)));
}

pub async fn a_metric_added_again_is_known(stores: Stores) {
    stores.catalogue.add_metric(&a_metric("ENERGY")).await.unwrap();
    for metric in [&a_metric("ENERGY"), &metrics::BUILT_IN[0]] {
        assert_eq!(stores.catalogue.add_metric(metric).await.unwrap(), AddMetric::Known);
    }
}

pub async fn a_name_has_one_definition(stores: Stores) {
    stores.catalogue.add_metric(&a_metric("ENERGY")).await.unwrap();
    let before = stores.catalogue.metrics().await.unwrap();
    for metric in [a_metric("ENERGY"), metrics::BUILT_IN[0].clone()] {
        let opposite = match metric.direction {
            Direction::LowerIsBetter => Direction::HigherIsBetter,
            Direction::HigherIsBetter => Direction::LowerIsBetter,
        };
        let mut others = [metric.clone(), metric.clone(), metric.clone()];
        others[0].unit = Unit::parse("ms").unwrap();
        others[1].direction = opposite;
        let Metric { name, unit, direction, .. } = metric;
        others[2] = Metric::new(name, unit, direction, "Something else.").unwrap();
        for other in others {
            let outcome = stores.catalogue.add_metric(&other).await.unwrap();
            assert_eq!(outcome, AddMetric::Conflict, "{other:?}");
        }
    }
    assert_eq!(stores.catalogue.metrics().await.unwrap(), before);
}

pub async fn an_added_metric_can_be_measured(stores: Stores) {
    let energy = a_metric("ENERGY");
    stores.catalogue.add_metric(&energy).await.unwrap();
    record(&stores, a_run().samples(energy.name.clone(), &[3.0])).await;
    let scope = scope_of(energy.name);
    let found = stores.rankings.contenders(&scope, Window::Latest, at(0)).await.unwrap();
    assert_eq!(found.contenders.len(), 1);
}

pub async fn an_llm_is_known_from_its_first_run_on(stores: Stores) {
    let (here, there) = (llm_at("x", "groq"), llm("x"));
    assert_eq!(stores.catalogue.llm(here.id()).await.unwrap(), None);
    record(&stores, a_run().llm("x").provider("groq")).await;
    record(&stores, a_run().llm("x").provider("groq").started(at(1))).await;
    assert_eq!(stores.catalogue.llm(here.id()).await.unwrap(), Some(here.clone()));
    assert_eq!(stores.catalogue.llm(there.id()).await.unwrap(), None);
    assert_eq!(stores.catalogue.llms(None, page(10)).await.unwrap(), Some(vec![here]));
}

pub async fn llms_are_listed_by_name_then_provider(stores: Stores) {
    let mut llms = vec![
        llm("b"),
        llm_at("a", "z"),
        llm("Z"),
        llm_at("a", "Groq"),
        llm("a"),
        llm("é"),
        llm_at("a", "groq"),
        llm_at("b", "a"),
    ];
    for Llm { name, provider } in &llms {
        let run = a_run().llm(name.as_str());
        let run = match provider {
            Some(provider) => run.provider(provider.as_str()),
            None => run,
        };
        record(&stores, run).await;
    }
    llms.sort();
    assert_eq!(stores.catalogue.llms(None, page(100)).await.unwrap(), Some(llms.clone()));
    for (at, llm) in llms.iter().enumerate() {
        let behind = stores.catalogue.llms(Some(llm.id()), page(2)).await.unwrap().unwrap();
        let expected: Vec<_> = llms.iter().skip(at + 1).take(2).cloned().collect();
        assert_eq!(behind, expected, "behind {llm}");
    }
}

pub async fn pages_of_llms_neither_repeat_nor_hide_under_insertion(stores: Stores) {
    for name in ["b", "d", "f", "h", "j"] {
        record(&stores, a_run().llm(name)).await;
    }
    let (mut seen, mut after) = (vec![], None);
    for new in ["a", "i", "g"] {
        let found = stores.catalogue.llms(after, page(2)).await.unwrap().unwrap();
        after = found.last().map(Llm::id);
        seen.extend(found);
        record(&stores, a_run().llm(new)).await;
    }
    // `i` came before its page was read, `a` and `g` after theirs.
    assert_eq!(seen, ["b", "d", "f", "h", "i", "j"].map(llm));
}

pub async fn a_page_behind_an_unknown_llm_is_none(stores: Stores) {
    record(&stores, a_run()).await;
    assert_eq!(stores.catalogue.llms(Some(llm("nobody").id()), page(9)).await.unwrap(), None);
}

pub async fn llms_of_a_name_are_listed_by_provider(stores: Stores) {
    let mut named = vec![llm_at("x", "groq"), llm("x"), llm_at("x", "Groq"), llm_at("x", "acme")];
    for llm in named.iter().cloned().chain([llm("X"), llm_at("xy", "groq"), llm_at("groq", "x")]) {
        let run = a_run().llm(llm.name.as_str());
        let run = match &llm.provider {
            Some(provider) => run.provider(provider.as_str()),
            None => run,
        };
        record(&stores, run).await;
    }
    let found = async |name: &str, items| {
        let name = LlmName::parse(name).unwrap();
        stores.catalogue.llms_named(&name, page(items)).await.unwrap()
    };
    named.sort();
    assert_eq!(found("x", 10).await, named);
    assert_eq!(found("x", 2).await, named[..2]);
    assert_eq!(found("nobody", 10).await, []);
}

pub async fn every_field_of_a_workload_survives(stores: Stores) {
    record(&stores, a_run().workload("full").conditions(full_conditions())).await;
    record(&stores, a_run().workload("bare")).await;
    let workload = |text: &str, conditions| Workload { slug: slug(text), conditions };
    assert_eq!(
        stores.catalogue.workloads(None, page(10)).await.unwrap(),
        [workload("bare", Conditions::default()), workload("full", full_conditions())],
    );
}

pub async fn workloads_are_listed_by_slug_behind_any_slug(stores: Stores) {
    for text in ["c", "a", "b-2", "b.1", "default"] {
        record(&stores, a_run().workload(text)).await;
    }
    let slugs = async |after: Option<&WorkloadSlug>, items| {
        let found = stores.catalogue.workloads(after, page(items)).await.unwrap();
        found.into_iter().map(|workload| workload.slug).collect::<Vec<_>>()
    };
    assert_eq!(slugs(None, 3).await, ["a", "b-2", "b.1"].map(slug));
    assert_eq!(slugs(Some(&slug("b.1")), 9).await, ["c", "default"].map(slug));
    assert_eq!(slugs(Some(&slug("b")), 2).await, ["b-2", "b.1"].map(slug));
    assert_eq!(slugs(Some(&slug("zzz")), 9).await, []);
}

pub async fn workloads_with_a_metric_are_those_that_measured_it(stores: Stores) {
    for text in ["c", "a", "b"] {
        record(&stores, a_run().workload(text)).await;
        record(&stores, a_run().workload(text).started(at(1))).await;
    }
    record(&stores, a_run().workload("other").samples(metrics::TPS, &[1.0])).await;
    let with =
        async |metric, items| stores.catalogue.workloads_with(&metric, page(items)).await.unwrap();
    assert_eq!(with(metrics::TTFT, 10).await, ["a", "b", "c"].map(slug));
    assert_eq!(with(metrics::TTFT, 2).await, ["a", "b"].map(slug));
    assert_eq!(with(metrics::TPS, 10).await, [slug("other")]);
    assert_eq!(with(metrics::ITL, 10).await, []);
}
