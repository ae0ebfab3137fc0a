//! PostgreSQL connection errors, with advice on how to fix them.

use std::{error::Error as StdError, fmt, io, time::Duration};

use chrono::DateTime;
use diesel::ConnectionError;
use rustls::{AlertDescription, CertificateError, pki_types::UnixTime};
use tokio_postgres::{
    config::Host,
    error::{DbError, SqlState},
};

use super::{
    handshake::Handshake,
    tls::{TlsError, Trust},
    url::Server,
    verifier::is_of_version_1,
};

/// A failure to connect. Its message names each server and the complete reason, without secrets.
#[derive(Debug)]
pub struct ConnectError(Vec<Attempt>);

/// A failed attempt to connect to a server.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) server: Server,
    pub(super) reason: Reason,
}

#[derive(Debug)]
pub(super) struct Reason {
    text: String,
    /// The server's error code, if it sent one.
    code: Option<SqlState>,
    is_temporary: bool,
    /// Whether the attempt might succeed with TLS if it did not use TLS, or without TLS if it did.
    pub(super) may_be_encryption: bool,
}

impl ConnectError {
    pub(super) fn new(attempts: Vec<Attempt>) -> Self {
        Self(attempts)
    }

    /// Returns the reasons for the failure, without the names of the servers.
    pub fn reason(&self) -> String {
        let reasons: Vec<_> = self.0.iter().map(|attempt| attempt.reason.text.as_str()).collect();
        reasons.join("; ")
    }

    /// Returns the error code of the first server that sent one.
    pub fn code(&self) -> Option<&SqlState> {
        self.0.iter().find_map(|attempt| attempt.reason.code.as_ref())
    }

    /// Returns whether a retry may succeed, for example because a server is down, is starting, or
    /// has no free connection. Other errors need an operator.
    pub fn is_temporary(&self) -> bool {
        self.0.iter().any(|attempt| attempt.reason.is_temporary)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot connect to PostgreSQL")?;
        for (index, Attempt { server, reason }) in self.0.iter().enumerate() {
            let separator = if index == 0 { " at" } else { "; at" };
            write!(f, "{separator} {server}: {}", reason.text)?;
        }
        Ok(())
    }
}

impl StdError for ConnectError {}

impl From<ConnectError> for ConnectionError {
    fn from(error: ConnectError) -> Self {
        Self::BadConnection(error.to_string())
    }
}

impl Reason {
    pub(super) fn timed_out(limit: Duration) -> Self {
        let text = format!("no response within {} s", limit.as_secs_f32());
        Self { text, code: None, is_temporary: true, may_be_encryption: false }
    }

    pub(super) fn of_files(error: &TlsError) -> Self {
        let text = error.to_string();
        Self { text, code: None, is_temporary: false, may_be_encryption: false }
    }

    pub(super) fn of(
        error: &tokio_postgres::Error,
        handshake: &Handshake,
        server: &Server,
        trust: &Trust,
    ) -> Self {
        if let Some(error) = tls_error(error) {
            let text = of_tls(error, server, trust);
            return Self { text, code: None, is_temporary: false, may_be_encryption: true };
        }
        let has_failed = handshake.has_failed();
        let Some(db_error) = error.as_db_error() else {
            let text = match innermost(error).as_str() {
                "server does not support TLS" => {
                    "the server does not support TLS, which sslmode in DATABASE_URL requires".into()
                }
                "server did not use channel binding" => {
                    "channel_binding=require in DATABASE_URL is not possible: it needs TLS and a \
                     server that offers SCRAM-SHA-256-PLUS"
                        .into()
                }
                text => text.to_owned(),
            };
            let is_temporary = error.is_closed() || is_of_the_network(error);
            return Self { text, code: None, is_temporary, may_be_encryption: has_failed };
        };
        let code = db_error.code().clone();
        let is_temporary = !is_refusal(&code);
        let mut text = message(db_error);
        if !handshake.is_encrypted() && demands_tls(db_error) {
            text = format!("the server requires TLS: set sslmode=require in DATABASE_URL ({text})");
        }
        let may_be_encryption = is_about_encryption(&code);
        Self { text, code: Some(code), is_temporary, may_be_encryption }
    }

    /// Combines this reason with that of the fallback, which failed as well.
    pub(super) fn or(mut self, second: &Self) -> Self {
        if self.text != second.text {
            self.text = format!("{}; with the fallback, {}", self.text, second.text);
        }
        self.is_temporary |= second.is_temporary;
        self
    }
}

/// Returns the rustls error inside a tokio-postgres error. The rustls error is wrapped in an I/O
/// error, which does not report it as its source.
fn tls_error(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref()) {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

fn of_tls(error: &rustls::Error, server: &Server, trust: &Trust) -> String {
    let host = match &server.host {
        Host::Tcp(host) => host.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    if is_of_version_1(error) {
        return "the server's certificate is an X.509 version 1 certificate, which cannot be \
                verified: create a new one with a subjectAltName"
            .into();
    }
    match error {
        rustls::Error::InvalidCertificate(error) => of_certificate(error, &host, trust),
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure,
        ) => format!("the server requires a client certificate: set sslcert and sslkey ({error})"),
        rustls::Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown,
        ) => format!("the server does not accept the client certificate in sslcert ({error})"),
        error => format!("TLS failed: {error}"),
    }
}

fn of_certificate(error: &CertificateError, host: &str, trust: &Trust) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            let roots = match trust {
                Trust::Root { file, .. } => format!("in {}", file.display()),
                Trust::System | Trust::Anyone => "that this system trusts".into(),
            };
            format!(
                "the server's certificate is not trusted: it was not issued by an authority {roots} \
                 (set sslrootcert to the certificate of the one that issued it)"
            )
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the server's certificate is not trusted: it expired on {}", day(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the server's certificate is not trusted: it is not valid before {}",
            day(*not_before)
        ),
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names = presented.join(", ");
            format!("the server's certificate is not valid for {host}, but for {names}")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the server's certificate is not valid for {host}")
        }
        error => format!("the server's certificate is not trusted: {error}"),
    }
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    DateTime::from_timestamp(seconds, 0)
        .map_or_else(String::new, |time| time.date_naive().to_string())
}

/// Returns the innermost error's message. The outer errors' messages are as general as "db error".
fn innermost(error: &tokio_postgres::Error) -> String {
    let mut innermost: &(dyn StdError + 'static) = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

fn message(error: &DbError) -> String {
    let more = error.detail().into_iter().chain(error.hint());
    let texts: Vec<_> = [error.message()].into_iter().chain(more).collect();
    texts.join(". ")
}

/// Returns whether the server requires TLS, which servers and poolers report in different ways.
fn demands_tls(error: &DbError) -> bool {
    let texts =
        ["no encryption", "SSL off", "SSL required", "SSL connection is required", "insecure"];
    texts.iter().any(|text| error.message().contains(text))
}

/// Returns whether the server rejects the role, its password, the database or the role's access
/// to it.
fn is_refusal(code: &SqlState) -> bool {
    *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        || *code == SqlState::INVALID_PASSWORD
        || *code == SqlState::INVALID_CATALOG_NAME
        || *code == SqlState::INSUFFICIENT_PRIVILEGE
}

/// Returns whether the connection may have been rejected because it uses TLS, or because it does
/// not use TLS: `pg_hba.conf` has no entry for it, or a pooler reports a protocol violation.
fn is_about_encryption(code: &SqlState) -> bool {
    *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION || *code == SqlState::PROTOCOL_VIOLATION
}

/// Returns whether an I/O error ended the attempt, rather than a requirement of the URL that the
/// server does not meet.
fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<io::Error>)
}
