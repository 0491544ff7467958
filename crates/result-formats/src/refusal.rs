use std::fmt::Display;
use std::io;

use thiserror::Error;

use crate::hints::Hint;

/// Why a file was not taken in: one sentence for people. Records are counted
/// from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No known tool writes such a file; naming the format may help.
    #[error("{file}: no known format ({reason})")]
    Unrecognised {
        /// Which file.
        file: String,
        /// Why it is none of the known formats.
        reason: String,
    },
    /// Something must be said that the file does not say.
    #[error("{file}: it does not say all that a run must; give {}", listed(hints))]
    Missing {
        /// Which file.
        file: String,
        /// What must be said, at least one.
        hints: Vec<Hint>,
    },
    /// Reading the bytes failed.
    #[error("{file}: it cannot be read: {reason}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// The content cannot be trusted.
    #[error("{file}: {problem}")]
    Invalid {
        /// Which file.
        file: String,
        /// Where in the file, and what is wrong there.
        problem: String,
    },
}

/// What is wrong with a file, and where in it, before it is said with which one.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The bytes do not come.
    Unreadable(String),
    /// They came, and are wrong.
    Invalid(String),
}

impl Problem {
    pub(crate) fn new(what: impl Display) -> Self {
        Self::Invalid(one_line(&what.to_string()))
    }

    pub(crate) fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable(one_line(&error.to_string()))
    }

    /// A problem of a field or a record.
    pub(crate) fn at(place: impl Display, what: impl Display) -> Self {
        Self::new(format_args!("{place}: {what}"))
    }

    /// The same problem, in this place of a larger whole.
    pub(crate) fn within(self, place: impl Display) -> Self {
        match self {
            Self::Invalid(problem) => Self::at(place, problem),
            unreadable @ Self::Unreadable(_) => unreadable,
        }
    }

    /// The refusal of this file.
    pub(crate) fn of(self, file: String) -> Refusal {
        match self {
            Self::Unreadable(reason) => Refusal::Unreadable { file, reason },
            Self::Invalid(problem) => Refusal::Invalid { file, problem },
        }
    }
}

#[cfg(test)]
impl From<Problem> for String {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unreadable(text) | Problem::Invalid(text) => text,
        }
    }
}

/// `text` fit for a message: no control characters, at most 300 characters and
/// an ellipsis. What files say ends up in messages, whatever they say.
pub(crate) fn one_line(text: &str) -> String {
    const MAX_CHARS: usize = 300;
    let visible = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut line: String = text.chars().take(MAX_CHARS).map(visible).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        line.push('…');
    }
    line
}

/// `--llm, --at and --workload`
fn listed(hints: &[Hint]) -> String {
    let flags: Vec<_> = hints.iter().map(|hint| hint.flag()).collect();
    match flags.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => flags.concat(),
    }
}
