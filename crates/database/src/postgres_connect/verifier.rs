//! Verifies server certificates by libpq's rules where these differ from those of the web PKI.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
        verify_tls13_signature_with_raw_key,
    },
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::ParsedCertificate,
};

use super::certificate;

#[derive(Debug)]
pub(super) struct ServerVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// The trusted issuers; `None` to trust any certificate.
    issuers: Option<Issuers>,
}

#[derive(Debug)]
struct Issuers {
    roots: RootCertStore,
    /// The certificates in `roots`, to find out whether the server itself uses one of them.
    certificates: Vec<CertificateDer<'static>>,
    checks_name: bool,
}

impl ServerVerifier {
    pub(super) fn of_anyone(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms, issuers: None }
    }

    pub(super) fn of_roots(
        algorithms: WebPkiSupportedAlgorithms,
        roots: RootCertStore,
        certificates: Vec<CertificateDer<'static>>,
        checks_name: bool,
    ) -> Self {
        Self { algorithms, issuers: Some(Issuers { roots, certificates, checks_name }) }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(issuers) = &self.issuers else { return Ok(ServerCertVerified::assertion()) };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let issued = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &issuers.roots,
            intermediates,
            now,
            self.algorithms.all,
        );
        match issued {
            // PostgreSQL's documentation describes how to use a server's self-signed certificate as
            // the root certificate. When this error arises, the validity period has been checked.
            Err(error) if is_an_authority(&error) && issuers.certificates.contains(end_entity) => {}
            issued => issued?,
        }
        if issuers.checks_name {
            let name = verify_server_name(&certificate, server_name);
            // Accepts the common name if there are no alternative names, as in the certificates of
            // PostgreSQL's documentation.
            if name.is_err() && !certificate::has_common_name(end_entity, &server_name.to_str()) {
                name?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms).or_else(|error| {
            // X.509 version 1 certificates, which OpenSSL created until 2023, cannot be parsed
            // here. Only their key is used.
            let Some(key) = certificate::public_key_of_v1(cert) else { return Err(error) };
            let key = SubjectPublicKeyInfoDer::from(key);
            verify_tls13_signature_with_raw_key(message, &key, dss, &self.algorithms)
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Returns whether verification failed because the server uses a CA certificate.
fn is_an_authority(error: &Error) -> bool {
    is_webpki(error, &webpki::Error::CaUsedAsEndEntity)
}

/// Returns whether verification failed because the certificate's X.509 version is not supported.
pub(super) fn is_of_version_1(error: &Error) -> bool {
    is_webpki(error, &webpki::Error::UnsupportedCertVersion)
}

fn is_webpki(error: &Error, wanted: &webpki::Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(error))) => {
            error.downcast_ref::<webpki::Error>() == Some(wanted)
        }
        _ => false,
    }
}
