use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// Files with a certificate for `localhost` and `127.0.0.1`, made for one test.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate to trust, in PEM.
    pub root: PathBuf,
    /// The server's own, which the root vouches for.
    pub server: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
    /// Removed with the last clone, if it is a folder of their own.
    _folder: Option<Arc<TempDir>>,
}

impl Certificate {
    /// Writes new ones into a temporary folder, for servers that trust each
    /// other.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn temporary() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let files = Self::write(folder.path());
        Self { _folder: Some(Arc::new(folder)), ..files }
    }

    /// Writes new ones into a folder.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn write(folder: &Path) -> Self {
        let files = Self {
            root: folder.join("root.pem"),
            server: folder.join("server.pem"),
            key: folder.join("key.pem"),
            _folder: None,
        };
        let key = || KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name that differs from the server's, which would seem self-signed.
        authority.distinguished_name.push(DnType::CommonName, "authority of a test");
        let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let server = CertificateParams::new(names).expect("names that can be certified");
        let server_key = key();
        let server = server.signed_by(&server_key, &authority).expect("a certificate");
        for (file, pem) in [
            (&files.root, authority.pem()),
            (&files.server, server.pem()),
            (&files.key, server_key.serialize_pem()),
        ] {
            fs::write(file, pem).expect("a file in the folder");
        }
        files
    }
}
