use std::fmt;

use crate::finding::{Finding, FindingCode, Severity};
use crate::run::Run;

/// What there is to be said against a run's figures. Made of the run alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it comes to.
    pub grade: Grade,
    /// Everything that was found, in the order of [`FindingCode::ALL`].
    pub findings: Vec<Finding>,
}

/// What a verdict comes to: as much as its gravest finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grade {
    /// Nothing was found.
    Ok,
    /// Something was found that a reader should know.
    Notice,
    /// Its figures cannot be what they are said to be: it is kept and shown,
    /// and counts in no ranking, neither its figures nor its requests.
    Unrankable,
    /// It was recorded before runs were judged. It counts in rankings.
    Unjudged,
}

impl Grade {
    /// Every grade.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Notice, Self::Unrankable, Self::Unjudged];

    /// `ok`, `notice`, `unrankable` or `unjudged`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Unrankable => "unrankable",
            Self::Unjudged => "unjudged",
        }
    }

    /// The grade that [`as_str`](Self::as_str) writes so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.as_str() == text)
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Verdict {
    /// The verdict on a run.
    pub fn of(run: &Run) -> Self {
        let look = |code: FindingCode| {
            let (severity, message) = code.look_for(run)?;
            Some(Finding { code, severity, message })
        };
        let findings: Vec<_> = FindingCode::ALL.into_iter().filter_map(look).collect();
        let grade = match findings.iter().map(|finding| finding.severity).max() {
            None => Grade::Ok,
            Some(Severity::Notice) => Grade::Notice,
            Some(Severity::Unrankable) => Grade::Unrankable,
        };
        Self { grade, findings }
    }

    /// That of a run which nobody judged.
    pub fn unjudged() -> Self {
        Self { grade: Grade::Unjudged, findings: Vec::new() }
    }

    /// Whether the run counts in rankings.
    pub fn is_rankable(&self) -> bool {
        self.grade != Grade::Unrankable
    }
}
