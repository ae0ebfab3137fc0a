//! TLS configuration from the parameters of a URL.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::SystemTime,
};

use parking_lot::Mutex;
use rustls::{
    ClientConfig, RootCertStore,
    client::danger::ServerCertVerifier,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{UrlError, foreign::shown, verifier::ServerVerifier};

/// ALPN protocol name, which direct negotiation requires.
const ALPN: &[u8] = b"postgresql";

/// libpq's `sslmode`, from the least to the most strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// The server certificates that are trusted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Anyone,
    /// Certificates issued by an authority whose certificate is in this file.
    Root {
        file: PathBuf,
        checks_name: bool,
    },
    /// Certificates for the server's name, issued by an authority that the operating system trusts.
    System,
}

/// Files of the client certificate and its key.
#[derive(Debug)]
pub(super) struct ClientCertificate {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// TLS parameters of the URL.
pub(super) struct Tls {
    pub(super) mode: SslMode,
    /// Whether the URL sets `sslmode`.
    pub(super) has_mode: bool,
    pub(super) trust: Trust,
    client: Option<ClientCertificate>,
    connector: Mutex<Option<Loaded>>,
}

/// A connector, and the state of the files that it was built from.
struct Loaded {
    stamps: Vec<Stamp>,
    connector: MakeRustlsConnect,
}

/// Modification time and size of a file, to detect changes.
type Stamp = (SystemTime, u64);

/// Reasons why TLS cannot be configured.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, io::Error),
    #[error("{0} is not a PEM file with {1}")]
    Pem(PathBuf, &'static str),
    #[error("the certificate {0} cannot be used: {1}")]
    Client(PathBuf, rustls::Error),
    #[error("{0}")]
    Setup(rustls::Error),
}

impl FromStr for SslMode {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let expected = match text {
            "disable" => return Ok(Self::Disable),
            "allow" => return Ok(Self::Allow),
            "prefer" => return Ok(Self::Prefer),
            "require" => return Ok(Self::Require),
            "verify-ca" => return Ok(Self::VerifyCa),
            "verify-full" => return Ok(Self::VerifyFull),
            "no-verify" => "sslmode=require, which encrypts without verifying the certificate",
            _ => "disable, allow, prefer, require, verify-ca or verify-full",
        };
        Err(UrlError::Value {
            name: "sslmode".into(),
            value: shown(text),
            expected: expected.into(),
        })
    }
}

impl Tls {
    pub(super) fn new(
        mode: SslMode,
        has_mode: bool,
        trust: Trust,
        client: Option<ClientCertificate>,
    ) -> Self {
        Self { mode, has_mode, trust, client, connector: Mutex::default() }
    }

    /// Returns a connector. Changed files are read again, so that certificates can be renewed
    /// without a restart.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, TlsError> {
        let stamps = self.files().map(stamp).collect::<Result<Vec<_>, _>>()?;
        let mut loaded = self.connector.lock();
        if let Some(Loaded { connector, .. }) = loaded.as_ref().filter(|old| old.stamps == stamps) {
            return Ok(connector.clone());
        }
        let connector = MakeRustlsConnect::new(self.client_config()?);
        *loaded = Some(Loaded { stamps, connector: connector.clone() });
        Ok(connector)
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let root = match &self.trust {
            Trust::Root { file, .. } => Some(file.as_path()),
            Trust::Anyone | Trust::System => None,
        };
        let client = self.client.iter().flat_map(|client| [&*client.certificate, &*client.key]);
        root.into_iter().chain(client)
    }

    fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = self.verifier(&provider)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.client {
            None => config.with_no_client_auth(),
            Some(ClientCertificate { certificate, key }) => {
                let private =
                    PrivateKeyDer::from_pem_file(key).map_err(pem_error(key, "a private key"))?;
                config
                    .with_client_auth_cert(certificates(certificate)?, private)
                    .map_err(|error| TlsError::Client(certificate.clone(), error))?
            }
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }

    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
        let algorithms = provider.signature_verification_algorithms;
        Ok(match &self.trust {
            Trust::Anyone => Arc::new(ServerVerifier::of_anyone(algorithms)),
            Trust::Root { file, checks_name } => {
                let certificates = certificates(file)?;
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(certificates.iter().cloned());
                if roots.is_empty() {
                    return Err(TlsError::Pem(file.clone(), "CA certificates"));
                }
                let verifier =
                    ServerVerifier::of_roots(algorithms, roots, certificates, *checks_name);
                Arc::new(verifier)
            }
            Trust::System => Arc::new(
                rustls_platform_verifier::Verifier::new(Arc::clone(provider))
                    .map_err(TlsError::Setup)?,
            ),
        })
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let refused = pem_error(file, "certificates");
    let found =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(certificates) if certificates.is_empty() => Err(refused(pem::Error::NoItemsFound)),
        found => found.map_err(refused),
    }
}

fn pem_error(file: &Path, content: &'static str) -> impl Fn(pem::Error) -> TlsError {
    move |error| match error {
        pem::Error::Io(error) => TlsError::Read(file.to_owned(), error),
        _ => TlsError::Pem(file.to_owned(), content),
    }
}

fn stamp(file: &Path) -> Result<Stamp, TlsError> {
    let metadata = fs::metadata(file);
    metadata
        .and_then(|metadata| Ok((metadata.modified()?, metadata.len())))
        .map_err(|error| TlsError::Read(file.to_owned(), error))
}
