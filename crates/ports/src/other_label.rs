use std::collections::{BTreeMap, BTreeSet};

use benchmark_domain::{Run, Workload, WorkloadSlug};
use thiserror::Error;

/// A run under a label that its workload has not, where it would be lost: a known
/// workload keeps the conditions it has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}; under other labels it is another workload", self.mismatch())]
pub struct OtherLabel {
    /// Which run, counted from 0.
    pub run: usize,
    /// Its workload.
    pub workload: WorkloadSlug,
    /// The label's key.
    pub key: String,
    /// The label's value.
    pub value: String,
    /// The value that the workload has for this key, if any.
    pub known: Option<String>,
}

/// Those of several runs: of each of them the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherLabels {
    /// That of the first run.
    pub first: OtherLabel,
    /// Those of the runs after it.
    pub others: Vec<OtherLabel>,
}

impl OtherLabels {
    /// The workloads whose labels matter to `runs`: those of runs with labels.
    pub fn labelled(runs: &[Run]) -> BTreeSet<&WorkloadSlug> {
        let labelled = runs.iter().filter(|run| !run.workload.conditions.labels.is_empty());
        labelled.map(|run| &run.workload.slug).collect()
    }

    /// Those of `runs`, if any has such a label. `known` are those of the
    /// [labelled](Self::labelled) workloads that are recorded; the others are
    /// what their first run among these says.
    pub fn among(runs: &[Run], known: impl IntoIterator<Item = Workload>) -> Option<Self> {
        let known =
            known.into_iter().map(|Workload { slug, conditions }| (slug, conditions.labels));
        let mut workloads: BTreeMap<_, _> = known.collect();
        let other_of = |(at, run): (usize, &Run)| {
            let Workload { slug, conditions } = &run.workload;
            let known = workloads.entry(slug.clone()).or_insert_with(|| conditions.labels.clone());
            let mut labels = conditions.labels.iter();
            let (key, value) = labels.find(|(key, value)| known.get(*key) != Some(value))?;
            Some(OtherLabel {
                run: at,
                workload: slug.clone(),
                key: key.clone(),
                value: value.clone(),
                known: known.get(key).cloned(),
            })
        };
        let mut others = runs.iter().enumerate().filter_map(other_of);
        let first = others.next()?;
        Some(Self { first, others: others.collect() })
    }
}

impl OtherLabel {
    fn mismatch(&self) -> String {
        let Self { run: _, workload, key, value, known } = self;
        match known {
            Some(known) => format!("its workload {workload} has {key}={known}, not {key}={value}"),
            None => format!("its workload {workload} has no label {key}"),
        }
    }
}
