use benchmark_domain::{
    Conditions, InvalidName, Llm, LlmName, Provider, Timestamp, Workload, WorkloadSlug,
};
use serde::Deserialize;

use crate::hints::{Hint, Hints};
use crate::loose::{self, Loosely, Text};
use crate::number::{self, Number};
use crate::refusal::{Problem, Refusal};
use crate::result_file::FileName;

/// What a file itself says of a run. A value that cannot be used refuses the
/// file only where no hint stands in for it.
#[derive(Debug)]
pub(crate) struct Header {
    /// Which file says it.
    pub(crate) of: FileName,
    pub(crate) provider: Result<Option<Provider>, Problem>,
    pub(crate) llm: Result<Option<LlmName>, Problem>,
    pub(crate) started_at: Result<Option<Timestamp>, Problem>,
    pub(crate) conditions: Result<Conditions, Problem>,
    /// What the lengths among them are.
    pub(crate) lengths: Lengths,
}

/// What the lengths of prompts and answers are that a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lengths {
    /// What was asked for, both of them: runs that differ in it did other work.
    Requested,
    /// At least one is the mean that came out, which differs between runs of the
    /// same work.
    Measured,
}

/// Who was measured, on what and when.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) llm: Llm,
    pub(crate) workload: Workload,
    pub(crate) started_at: Timestamp,
}

/// How the workloads of a file's runs get their names where a hint says one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The hint's.
    AsHinted,
    /// The hint's and the load: the runs are of several loads, and numbers of
    /// two loads may not be compared.
    WithLoad,
    /// The hint's, the lengths that were asked for and the load: the runs are of
    /// several lengths.
    WithLengthsAndLoad,
}

impl Header {
    /// The header of a file that says nothing.
    pub(crate) fn silent(of: FileName) -> Self {
        Self {
            of,
            provider: Ok(None),
            llm: Ok(None),
            started_at: Ok(None),
            conditions: Ok(Conditions::default()),
            lengths: Lengths::Measured,
        }
    }

    /// The subject of a run in `file`, as the hints and then this header say.
    ///
    /// A workload is derived only from conditions that tell the whole load:
    /// what is known by half must not be compared with other halves.
    pub(crate) fn settle(
        self,
        file: &FileName,
        hints: &Hints,
        naming: Naming,
    ) -> Result<Subject, Refusal> {
        let Self { of, provider, llm, started_at, conditions, lengths } = self;
        let refuse = |problem| of.refuse(problem);
        let provider = said(hints.provider.as_ref(), provider).map_err(refuse)?;
        let name = said(hints.llm.as_ref(), llm).map_err(refuse)?;
        let started_at = said(hints.started_at.as_ref(), started_at).map_err(refuse)?;
        let mut conditions = conditions.map_err(refuse)?;
        conditions.labels.extend(hints.labels.clone());
        let workload = match &hints.workload {
            Some(slug) => Some(named(slug, conditions, lengths, naming).map_err(refuse)?),
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
                file: file.path().to_owned(),
                hints: missing.into_iter().flatten().collect(),
            }),
        }
    }

    /// Requests in flight and requests sent per second, as far as told.
    pub(crate) fn load(&self) -> (Option<u32>, Option<f64>) {
        let conditions = self.conditions.as_ref();
        conditions.map_or((None, None), |known| (known.concurrency, known.request_rate))
    }

    /// How long prompts and answers were to be, as far as told.
    pub(crate) fn requested_lengths(&self) -> (Option<u32>, Option<u32>) {
        match (self.lengths, &self.conditions) {
            (Lengths::Requested, Ok(known)) => (known.input_tokens, known.output_tokens),
            _ => (None, None),
        }
    }
}

/// What is said of a workload that is described by what was measured.
pub(crate) const MEASURED_LENGTHS: &str = "The file does not say which lengths were asked for; the workload is described by the mean \
     lengths that were measured, and --workload names it better.";

fn said<T: Clone>(
    hint: Option<&T>,
    header: Result<Option<T>, Problem>,
) -> Result<Option<T>, Problem> {
    hint.map_or(header, |hint| Ok(Some(hint.clone())))
}

fn named(
    slug: &WorkloadSlug,
    conditions: Conditions,
    lengths: Lengths,
    naming: Naming,
) -> Result<Workload, Problem> {
    let Conditions { input_tokens, output_tokens, concurrency, request_rate, .. } = conditions;
    let load = Conditions { concurrency, request_rate, ..Conditions::default() };
    let told = match (naming, lengths) {
        (Naming::AsHinted, _) => Conditions::default(),
        (Naming::WithLengthsAndLoad, Lengths::Requested) => {
            Conditions { input_tokens, output_tokens, ..load }
        }
        (Naming::WithLoad | Naming::WithLengthsAndLoad, _) => load,
    };
    let mut slug = slug.clone();
    if told != Conditions::default() {
        let told = Workload::derived(told).slug;
        slug = WorkloadSlug::parse(&format!("{slug}-{told}"))
            .map_err(|invalid| Problem::at("workload", invalid))?;
    }
    Ok(Workload { slug, conditions })
}

fn tells_the_load(conditions: &Conditions) -> bool {
    conditions.input_tokens.is_some()
        && conditions.output_tokens.is_some()
        && (conditions.concurrency.is_some() || conditions.request_rate.is_some())
}

/// The LLM that a field names.
pub(crate) fn llm(field: &str, text: Option<&str>) -> Result<Option<LlmName>, Problem> {
    parsed(field, text, LlmName::parse)
}

/// The provider that a field names.
pub(crate) fn provider(field: &str, text: Option<&str>) -> Result<Option<Provider>, Problem> {
    parsed(field, text, Provider::parse)
}

/// The only name of a list of names. Of several, no hint makes one: what was
/// measured is of all of them.
pub(crate) fn only<'a>(
    field: &str,
    names: Option<&'a [String]>,
) -> Result<Option<&'a str>, Problem> {
    match names {
        None | Some([]) => Ok(None),
        Some([name]) => Ok(Some(name)),
        Some(names) => {
            Err(Problem::at(field, format_args!("it has {} names, not one", names.len())))
        }
    }
}

fn parsed<T>(
    field: &str,
    text: Option<&str>,
    parse: fn(&str) -> Result<T, InvalidName>,
) -> Result<Option<T>, Problem> {
    text.map(parse).transpose().map_err(|invalid| Problem::at(field, invalid))
}

/// The rate that requests were sent at; `None` where they were sent at once.
pub(crate) fn request_rate(field: &str, rate: Option<Number>) -> Result<Option<f64>, Problem> {
    match rate {
        None | Some(Number(f64::INFINITY)) => Ok(None),
        Some(rate) => number::positive(field, Some(rate)).map(Some),
    }
}

/// What is of use of the labels that users give their runs.
#[derive(Debug, Deserialize)]
pub(crate) struct Labels {
    provider: Option<Loosely<Text>>,
}

impl Labels {
    pub(crate) fn provider(&self) -> Option<&str> {
        loose::text(&self.provider)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::result_file::ResultFile;

    fn name() -> FileName {
        ResultFile::new("x.json", &b""[..]).name
    }

    fn silent() -> Header {
        Header::silent(name())
    }

    fn missing(header: Header, hints: &Hints) -> String {
        header.settle(&name(), hints, Naming::AsHinted).unwrap_err().to_string()
    }

    #[test]
    fn what_neither_file_nor_hints_say_is_asked_for_by_its_flag() {
        let nothing = "x.json: it does not say all that a run must; \
                       give --llm, --at and --workload";
        assert_eq!(missing(silent(), &Hints::default()), nothing);

        let hints = Hints {
            llm: Some(LlmName::parse("m").unwrap()),
            started_at: Some(Timestamp::UNIX_EPOCH),
            ..Hints::default()
        };
        let workload = "x.json: it does not say all that a run must; give --workload";
        assert_eq!(missing(silent(), &hints), workload);
    }

    #[test]
    fn half_known_conditions_name_no_workload() {
        let conditions =
            Ok(Conditions { input_tokens: Some(550), concurrency: Some(5), ..<_>::default() });
        let header = Header { conditions, ..silent() };
        assert!(missing(header, &Hints::default()).ends_with("--workload"));
    }

    fn hints() -> Hints {
        Hints {
            provider: Some(Provider::parse("flag").unwrap()),
            llm: Some(LlmName::parse("m").unwrap()),
            workload: Some(WorkloadSlug::parse("chat").unwrap()),
            labels: BTreeMap::from([("gpu".to_owned(), "h100".to_owned())]),
            started_at: None,
        }
    }

    fn header(conditions: Conditions) -> Header {
        Header {
            of: name(),
            provider: Ok(Some(Provider::parse("file").unwrap())),
            llm: Err(Problem::at("model", "too long")),
            started_at: Ok(Some(Timestamp::UNIX_EPOCH)),
            conditions: Ok(conditions),
            lengths: Lengths::Requested,
        }
    }

    #[test]
    fn a_hint_wins_over_the_file_even_where_the_file_is_wrong() {
        let header = header(Conditions { concurrency: Some(5), ..Conditions::default() });
        let subject = header.settle(&name(), &hints(), Naming::AsHinted).unwrap();
        assert_eq!(subject.llm.to_string(), "m (flag)");
        assert_eq!(subject.started_at, Timestamp::UNIX_EPOCH);
        assert_eq!(subject.workload.slug.as_str(), "chat");
        assert_eq!(subject.workload.conditions.concurrency, Some(5));
        assert_eq!(subject.workload.conditions.labels["gpu"], "h100");
    }

    #[test]
    fn runs_of_several_loads_are_workloads_of_several_names() {
        let slug = |conditions| {
            let subject = header(conditions).settle(&name(), &hints(), Naming::WithLoad);
            subject.unwrap().workload.slug.to_string()
        };
        let closed = Conditions { concurrency: Some(5), ..Conditions::default() };
        assert_eq!(slug(Conditions { input_tokens: Some(9), ..closed.clone() }), "chat-c5");
        assert_eq!(slug(Conditions { request_rate: Some(2.5), ..closed }), "chat-c5-r2.5");
        assert_eq!(slug(Conditions::default()), "chat");
    }

    #[test]
    fn lengths_are_in_the_name_where_they_were_asked_for() {
        let conditions = Conditions {
            input_tokens: Some(128),
            output_tokens: Some(8),
            concurrency: Some(5),
            ..Conditions::default()
        };
        for (lengths, expected) in
            [(Lengths::Requested, "chat-128in-8out-c5"), (Lengths::Measured, "chat-c5")]
        {
            let header = Header { lengths, ..header(conditions.clone()) };
            let subject = header.settle(&name(), &hints(), Naming::WithLengthsAndLoad).unwrap();
            assert_eq!(subject.workload.slug.as_str(), expected);
        }
    }

    #[test]
    fn an_unlimited_rate_is_none() {
        assert_eq!(request_rate("rate", Some(Number(f64::INFINITY))).unwrap(), None);
        assert_eq!(request_rate("rate", Some(Number(4.0))).unwrap(), Some(4.0));
        assert!(request_rate("rate", Some(Number(-1.0))).is_err());
    }
}
