use std::collections::BTreeMap;

use benchmark_domain::{
    Conditions, Llm, LlmName, Measurement, MetricName, Provider, Requests, Run, RunParts, Source,
    Timestamp, Tool, Workload,
};

use crate::hints::{Hint, Hints};
use crate::refusal::{Problem, Refusal};
use crate::result_file::ResultFile;

/// What a file itself says of its run. A value that cannot be used refuses the
/// file only where no hint stands in for it.
pub(crate) struct Header {
    pub(crate) provider: Result<Option<Provider>, Refusal>,
    pub(crate) llm: Result<Option<LlmName>, Refusal>,
    pub(crate) started_at: Result<Option<Timestamp>, Refusal>,
    pub(crate) conditions: Result<Conditions, Refusal>,
}

/// Who was measured, on what and when.
#[derive(Debug)]
pub(crate) struct Subject {
    llm: Llm,
    workload: Workload,
    started_at: Timestamp,
}

impl Header {
    /// The header of a file that has none.
    pub(crate) fn silent() -> Self {
        Self {
            provider: Ok(None),
            llm: Ok(None),
            started_at: Ok(None),
            conditions: Ok(Conditions::default()),
        }
    }

    /// The subject of the run in `file`, as the hints and then this header say.
    ///
    /// A workload is derived only from conditions that tell the whole load:
    /// what is known by half must not be compared with other halves.
    pub(crate) fn settle(self, file: &ResultFile<'_>, hints: &Hints) -> Result<Subject, Refusal> {
        let Hints { provider, llm, workload, started_at, labels } = hints;
        let provider = said(provider.as_ref(), self.provider)?;
        let name = said(llm.as_ref(), self.llm)?;
        let started_at = said(started_at.as_ref(), self.started_at)?;
        let mut conditions = self.conditions?;
        conditions.labels.extend(labels.clone());
        let workload = match workload {
            Some(slug) => Some(Workload { slug: slug.clone(), conditions }),
            None if tells_the_load(&conditions) => Some(Workload::derived(conditions)),
            None => None,
        };
        let missing = [
            name.is_none().then_some(Hint::Llm),
            started_at.is_none().then_some(Hint::StartedAt),
            workload.is_none().then_some(Hint::Workload),
        ];
        match (name, started_at, workload) {
            (Some(name), Some(started_at), Some(workload)) => {
                Ok(Subject { llm: Llm { name, provider }, workload, started_at })
            }
            _ => Err(Refusal::Missing {
                file: file.path.clone(),
                hints: missing.into_iter().flatten().collect(),
            }),
        }
    }
}

fn said<T: Clone>(
    hint: Option<&T>,
    header: Result<Option<T>, Refusal>,
) -> Result<Option<T>, Refusal> {
    hint.map_or(header, |hint| Ok(Some(hint.clone())))
}

fn tells_the_load(conditions: &Conditions) -> bool {
    conditions.input_tokens.is_some()
        && conditions.output_tokens.is_some()
        && (conditions.concurrency.is_some() || conditions.request_rate.is_some())
}

impl Subject {
    /// The run of this subject that `file` tells.
    pub(crate) fn run(
        self,
        file: &ResultFile<'_>,
        tool: Tool,
        requests: Requests,
        measurements: BTreeMap<MetricName, Measurement>,
    ) -> Result<Run, Refusal> {
        let Self { llm, workload, started_at } = self;
        Run::new(RunParts {
            llm,
            workload,
            source: Source::Import,
            started_at,
            tool: Some(tool),
            requests,
            measurements,
            provenance: Some(file.provenance()),
        })
        .map_err(|invalid| file.refuse(Problem::new(invalid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use benchmark_domain::WorkloadSlug;

    fn missing(header: Header, hints: &Hints) -> String {
        header.settle(&ResultFile::new("x.json", b""), hints).unwrap_err().to_string()
    }

    #[test]
    fn what_neither_file_nor_hints_say_is_asked_for_by_its_flag() {
        let nothing = "x.json: it does not say all that a run must; \
                       give --llm, --at and --workload";
        assert_eq!(missing(Header::silent(), &Hints::default()), nothing);

        let hints = Hints {
            llm: Some(LlmName::parse("m").unwrap()),
            started_at: Some(Timestamp::UNIX_EPOCH),
            ..Hints::default()
        };
        let workload = "x.json: it does not say all that a run must; give --workload";
        assert_eq!(missing(Header::silent(), &hints), workload);
    }

    #[test]
    fn half_known_conditions_name_no_workload() {
        let conditions =
            Ok(Conditions { input_tokens: Some(550), concurrency: Some(5), ..<_>::default() });
        let header = Header { conditions, ..Header::silent() };
        assert!(missing(header, &Hints::default()).ends_with("--workload"));
    }

    #[test]
    fn a_hint_wins_over_the_file_even_where_the_file_is_wrong() {
        let file = ResultFile::new("x.json", b"");
        let header = Header {
            provider: Ok(Some(Provider::parse("file").unwrap())),
            llm: Err(file.refuse(Problem::at("model", "too long"))),
            started_at: Ok(Some(Timestamp::UNIX_EPOCH)),
            conditions: Ok(Conditions { concurrency: Some(5), ..Conditions::default() }),
        };
        let hints = Hints {
            provider: Some(Provider::parse("flag").unwrap()),
            llm: Some(LlmName::parse("m").unwrap()),
            workload: Some(WorkloadSlug::parse("chat").unwrap()),
            labels: BTreeMap::from([("gpu".to_owned(), "h100".to_owned())]),
            started_at: None,
        };
        let subject = header.settle(&file, &hints).unwrap();
        assert_eq!(subject.llm.to_string(), "m (flag)");
        assert_eq!(subject.started_at, Timestamp::UNIX_EPOCH);
        assert_eq!(subject.workload.slug.as_str(), "chat");
        assert_eq!(subject.workload.conditions.concurrency, Some(5));
        assert_eq!(subject.workload.conditions.labels["gpu"], "h100");
    }
}
