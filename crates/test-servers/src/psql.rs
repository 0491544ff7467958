//! Talks to a PostgreSQL server through `psql`, and knows as whom.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// As whom everything is done. The password is one that a URL has to escape.
pub(crate) const USER: &str = "benchmark";
pub(crate) const PASSWORD: &str = "p@ss/w?rd";
pub(crate) const DATABASE: &str = "benchmark";

/// The URL of a server, or of what stands before it.
pub(crate) fn url(host: &str, port: u16) -> String {
    let mut escaped = String::new();
    for byte in PASSWORD.bytes() {
        _ = write!(escaped, "%{byte:02X}");
    }
    format!("postgres://{USER}:{escaped}@{host}:{port}/{DATABASE}")
}

/// What `psql` prints, or what it complains about.
pub(crate) fn query(port: u16, database: &str, statements: &str) -> Result<String, String> {
    // It waits for ever where a server stands still.
    let output = Command::new("timeout")
        .args(["20", text(&binary("psql")), "--no-psqlrc", "--quiet", "--tuples-only"])
        .args(["--no-align", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1"])
        .args(["--port", &port.to_string(), "--username", USER, "--dbname", database])
        .args(["--command", statements])
        .env("PGPASSWORD", PASSWORD)
        .output()
        .expect("timeout is installed");
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(words(&output.stdout)) } else { Err(words(&output.stderr)) }
}

/// Where a program of the newest version is: Debian keeps those of a server out
/// of the way.
pub(crate) fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    let on_path = || {
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    found.pop().or_else(on_path).unwrap_or_else(|| {
        panic!("{name} of PostgreSQL is not installed; tests/install installs it")
    })
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder with a name in UTF-8")
}
