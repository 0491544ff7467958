use std::io::Read;
use std::path::Path;

use benchmark_domain::Provenance;

use crate::content::Content;
use crate::refusal::{Problem, Refusal, one_line};

/// A file that is about to be read.
pub struct ResultFile<'a> {
    pub(crate) name: FileName,
    pub(crate) content: Content<'a>,
}

/// What a file is called.
#[derive(Debug, Clone)]
pub(crate) struct FileName {
    /// The path as refusals show it.
    path: String,
    /// Without the folder.
    name: String,
}

impl<'a> ResultFile<'a> {
    /// A file of this path, or name, and content, which is read once and in
    /// pieces. Refusals show the path, runs keep the name without its folder.
    /// The path may come from a stranger: control characters are replaced and
    /// excessive length is cut.
    pub fn new(path: impl AsRef<Path>, content: impl Read + 'a) -> Self {
        Self { name: FileName::of(path.as_ref()), content: Content::new(content) }
    }

    /// The refusal of this file for what is wrong in it.
    pub(crate) fn refuse(&self, problem: Problem) -> Refusal {
        self.name.refuse(problem)
    }

    /// What the runs of the file keep of it, whose bytes are read to the end.
    pub(crate) fn provenance(self) -> Result<Provenance, Refusal> {
        let Self { name, content } = self;
        let sha256 = content.sha256().map_err(|problem| name.refuse(problem))?;
        let importer_version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Provenance { sha256, file_name: name.name, importer_version })
    }
}

impl FileName {
    fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self { path: one_line(&path.to_string_lossy()), name: one_line(&name.to_string_lossy()) }
    }

    /// The path as refusals show it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn refuse(&self, problem: Problem) -> Refusal {
        problem.of(self.path.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_the_name_a_refusal_shows_the_path() {
        let file = ResultFile::new("individual/groq_70b.json", &b""[..]);
        let refusal = file.refuse(Problem::at("record 17", "broken"));
        assert_eq!(refusal.to_string(), "individual/groq_70b.json: record 17: broken");
        assert_eq!(file.provenance().unwrap().file_name, "groq_70b.json");
    }

    #[test]
    fn a_hostile_name_stays_one_short_line() {
        let name = format!("a\n\u{1b}[31m{}.json", "x".repeat(10_000));
        let provenance = ResultFile::new(name, &b""[..]).provenance().unwrap();
        assert!(!provenance.file_name.contains(char::is_control));
        assert!(provenance.file_name.chars().count() <= 301);
    }
}
