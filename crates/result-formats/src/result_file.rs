use std::path::Path;

use benchmark_domain::Provenance;
use sha2::{Digest, Sha256};

use crate::refusal::{Problem, Refusal, one_line};

/// A file as its caller has read it.
#[derive(Debug, Clone)]
pub struct ResultFile<'a> {
    /// The path as refusals show it.
    pub(crate) path: String,
    name: String,
    pub(crate) bytes: &'a [u8],
}

impl<'a> ResultFile<'a> {
    /// A file of this path, or name, and content. Refusals show the path, runs
    /// keep the name without its folder. The path may come from a stranger:
    /// control characters are replaced and excessive length is cut.
    pub fn new(path: impl AsRef<Path>, bytes: &'a [u8]) -> Self {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self {
            path: one_line(&path.to_string_lossy()),
            name: one_line(&name.to_string_lossy()),
            bytes,
        }
    }

    /// The refusal of this file for what is wrong in it.
    pub(crate) fn refuse(&self, problem: Problem) -> Refusal {
        Refusal::Invalid { file: self.path.clone(), problem: problem.into() }
    }

    pub(crate) fn provenance(&self) -> Provenance {
        Provenance {
            sha256: Sha256::digest(self.bytes).into(),
            file_name: self.name.clone(),
            importer_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_the_name_a_refusal_shows_the_path() {
        let file = ResultFile::new("individual/groq_70b.json", b"");
        assert_eq!(file.provenance().file_name, "groq_70b.json");
        let refusal = file.refuse(Problem::at("record 17", "broken"));
        assert_eq!(refusal.to_string(), "individual/groq_70b.json: record 17: broken");
    }

    #[test]
    fn a_hostile_name_stays_one_short_line() {
        let name = format!("a\n\u{1b}[31m{}.json", "x".repeat(10_000));
        let provenance = ResultFile::new(name, b"").provenance();
        assert!(!provenance.file_name.contains(char::is_control));
        assert!(provenance.file_name.chars().count() <= 301);
    }
}
