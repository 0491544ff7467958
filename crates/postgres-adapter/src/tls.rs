use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode as DriverMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::access::{Access, SslMode};
use crate::open_error::OpenError;

/// How connections are encrypted.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) mode: DriverMode,
    pub(crate) connector: MakeRustlsConnect,
}

impl Tls {
    /// As the access asks for it.
    ///
    /// # Errors
    /// [`OpenError`] if there are no authorities to trust.
    pub(crate) fn of(access: &Access) -> Result<Self, OpenError> {
        let crypto = Arc::new(ring::default_provider());
        let (mode, checked) = match access.ssl_mode {
            SslMode::Disable => (DriverMode::Disable, Checked::Nothing),
            SslMode::Prefer => (DriverMode::Prefer, Checked::Nothing),
            SslMode::Require => (DriverMode::Require, Checked::Nothing),
            SslMode::VerifyCa => (DriverMode::Require, Checked::Authority(roots(access)?)),
            SslMode::VerifyFull => (DriverMode::Require, Checked::Host(roots(access)?)),
        };
        let unusable = |source: Box<dyn std::error::Error + Send + Sync>| OpenError::Tls {
            host: access.host.to_string(),
            source,
        };
        let verifier: Arc<dyn ServerCertVerifier> = match checked {
            Checked::Host(roots) => {
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto))
                    .build()
                    .map_err(|error| unusable(error.into()))?
            }
            checked => Arc::new(LenientVerifier { checked, crypto: Arc::clone(&crypto) }),
        };
        let config = ClientConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.into()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self { mode, connector: MakeRustlsConnect::new(config) })
    }
}

/// What is checked of a server's certificate.
#[derive(Debug)]
enum Checked {
    Nothing,
    Authority(RootCertStore),
    Host(RootCertStore),
}

/// The authorities that are trusted.
fn roots(access: &Access) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &access.root_certificate else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let path = PathBuf::from("of the system");
            return Err(OpenError::RootCertificate { path, source: "there is none".into() });
        }
        return Ok(roots);
    };
    let unreadable = |source: Box<dyn std::error::Error + Send + Sync>| {
        OpenError::RootCertificate { path: path.clone(), source }
    };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.into()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.into()))?;
        roots.add(certificate).map_err(|error| unreadable(error.into()))?;
    }
    if roots.is_empty() {
        return Err(unreadable("it holds no certificate".into()));
    }
    Ok(roots)
}

/// Accepts certificates for any host: from anybody, or from trusted authorities
/// only. That the server holds the certificate's key is checked either way.
#[derive(Debug)]
struct LenientVerifier {
    checked: Checked,
    crypto: Arc<CryptoProvider>,
}

impl ServerCertVerifier for LenientVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Checked::Authority(roots) | Checked::Host(roots) = &self.checked {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.crypto.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.crypto.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.crypto.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}
