use serde::de::DeserializeOwned;

use crate::content::Content;
use crate::json::{self, Place};
use crate::refusal::Problem;

/// The records of a file, one at a time: the elements of a list or, where it
/// is none, its lines. However many there are, one is held.
pub(crate) struct Records<'f, 'a> {
    content: &'f mut Content<'a>,
    layout: Layout,
    /// The number of the record read last, from 1; blank lines count.
    number: u64,
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    List,
    Lines,
}

impl<'f, 'a> Records<'f, 'a> {
    pub(crate) fn of_list(content: &'f mut Content<'a>) -> Result<Self, Problem> {
        content.open_list()?;
        Ok(Self { content, layout: Layout::List, number: 0 })
    }

    pub(crate) fn of_lines(content: &'f mut Content<'a>) -> Self {
        Self { content, layout: Layout::Lines, number: 0 }
    }

    /// The next record; `None` behind the last one.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Problem> {
        loop {
            let (piece, place) = match self.layout {
                Layout::List => (self.content.element(self.number == 0)?, Place::Element),
                Layout::Lines => (self.content.line()?, Place::Line),
            };
            let Some(piece) = piece else { return Ok(None) };
            self.number += 1;
            if matches!(self.layout, Layout::Lines) && piece.trim_ascii().is_empty() {
                continue;
            }
            return match json::parse(piece, place) {
                Ok(record) => Ok(Some(record)),
                Err(problem) => Err(self.at(problem)),
            };
        }
    }

    /// A problem of the record read last, with its number.
    pub(crate) fn at(&self, problem: Problem) -> Problem {
        let kind = match self.layout {
            Layout::List => "record",
            Layout::Lines => "line",
        };
        problem.within(format_args!("{kind} {}", self.number))
    }
}
