use std::path::{Path, PathBuf};

/// What is deployed beside the service, by its path.
pub(crate) fn deployed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}
