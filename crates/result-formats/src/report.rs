use std::collections::{BTreeMap, BTreeSet};

use benchmark_domain::{
    Measurement, MetricName, Provenance, Requests, Run, RunParts, Source, Tool,
};

use crate::format::Imported;
use crate::header::{Header, Naming};
use crate::hints::Hints;
use crate::refusal::{Problem, Refusal};
use crate::result_file::{FileName, ResultFile};

/// What a tool's module has read of one run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) header: Header,
    pub(crate) tool: Tool,
    pub(crate) requests: Requests,
    pub(crate) measurements: BTreeMap<MetricName, Measurement>,
}

/// What a tool's module has read.
pub(crate) struct Reports<'a> {
    /// The file that the runs are of; of a result in two, the one with the
    /// requests.
    pub(crate) file: ResultFile<'a>,
    pub(crate) runs: Vec<Report>,
    pub(crate) notes: Vec<String>,
}

impl Reports<'_> {
    /// The runs, described by the hints where the file is silent.
    pub(crate) fn settle(self, hints: &Hints) -> Result<Imported, Refusal> {
        let Self { file, runs, mut notes } = self;
        let Some(first) = runs.first() else {
            return Err(file.refuse(Problem::new("it holds no runs")));
        };
        if hints.llm.is_some() {
            let named = |run: &Report| run.header.llm.as_ref().ok().cloned().flatten();
            let names: BTreeSet<_> = runs.iter().filter_map(named).collect();
            if let [one, other, ..] = Vec::from_iter(names).as_slice() {
                let what = format_args!("its runs are of {one} and of {other}, not of one LLM");
                return Err(file.refuse(Problem::new(what)));
            }
        }
        let (load, lengths) = (first.header.load(), first.header.requested_lengths());
        let one_load = runs.iter().all(|run| run.header.load() == load);
        let one_length = runs.iter().all(|run| run.header.requested_lengths() == lengths);
        let naming = match (one_length, one_load) {
            (true, true) => Naming::AsHinted,
            (true, false) => Naming::WithLoad,
            (false, _) => Naming::WithLengthsAndLoad,
        };
        let name = file.name.clone();
        let provenance = file.provenance()?;
        let runs = runs.into_iter().map(|run| run.settle(&name, &provenance, hints, naming));
        let runs = runs.collect::<Result<_, _>>()?;
        let mut known = BTreeSet::new();
        notes.retain(|note| known.insert(note.clone()));
        Ok(Imported { runs, notes })
    }
}

impl Report {
    fn settle(
        self,
        file: &FileName,
        provenance: &Provenance,
        hints: &Hints,
        naming: Naming,
    ) -> Result<Run, Refusal> {
        let Self { header, tool, requests, measurements } = self;
        let subject = header.settle(file, hints, naming)?;
        Run::new(RunParts {
            llm: subject.llm,
            workload: subject.workload,
            source: Source::Import,
            started_at: subject.started_at,
            tool: Some(tool),
            requests,
            measurements,
            provenance: Some(provenance.clone()),
        })
        .map_err(|invalid| file.refuse(Problem::new(invalid)))
    }
}
