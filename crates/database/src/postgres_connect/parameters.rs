//! Parameters of a URL. `sslmode` and the paths of certificates are not passed to tokio-postgres,
//! which supports only some of the modes and no certificate files.

use std::{error::Error as _, path::PathBuf, str::FromStr};

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{ChannelBinding, SslNegotiation},
};

use super::{
    UrlError, foreign,
    tls::{ClientCertificate, SslMode, Tls, Trust},
};

/// Parameters that are passed to tokio-postgres.
const PASSED_ON: [&str; 17] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];
/// Parameters of libpq that are accepted and ignored, each with its accepted values.
const WITHOUT_EFFECT: [(&str, &[&str]); 5] = [
    ("client_encoding", &["utf8", "UTF8", "utf-8", "UTF-8", "auto"]),
    ("gssencmode", &["disable", "prefer"]),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("sslcompression", &["0"]),
    ("sslsni", &["1"]),
];

#[derive(Default)]
pub(super) struct Parameters {
    mode: Option<SslMode>,
    root: Option<String>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    /// Parameters for tokio-postgres, each in the form `name=value`.
    passed_on: Vec<String>,
}

/// Splits a PostgreSQL URL into the part before its parameters and the parameters. Returns `None`
/// for other URLs.
pub(super) fn split(url: &str) -> Option<(&str, &str)> {
    let rest =
        ["postgres://", "postgresql://"].iter().find_map(|scheme| url.strip_prefix(scheme))?;
    // Passwords may contain an unescaped question mark, which tokio-postgres also accepts.
    let credentials = rest.find('@').map_or(0, |end| end + 1);
    let start = url.len() - rest.len() + credentials;
    let (_, tail) = url.split_at_checked(start)?;
    Some(match tail.find('?') {
        Some(mark) => {
            let (address, query) = url.split_at_checked(start + mark)?;
            (address, query.trim_start_matches('?'))
        }
        None => (url, ""),
    })
}

impl FromStr for Parameters {
    type Err = UrlError;

    fn from_str(query: &str) -> Result<Self, UrlError> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (decode(name)?, decode(value)?),
                // An unknown word may be the rest of a password that contains an unescaped `&`.
                None if is_known(pair) => return Err(UrlError::NoValue(pair.to_owned())),
                None if parameters.has_password() => return Err(foreign::after_password()),
                None => return Err(UrlError::Invalid("parameter without a value".into())),
            };
            parameters.take(&name, &value, pair)?;
        }
        Ok(parameters)
    }
}

impl Parameters {
    fn take(&mut self, name: &str, value: &str, pair: &str) -> Result<(), UrlError> {
        match name {
            "sslmode" => self.mode = Some(value.parse()?),
            "sslrootcert" => self.root = Some(value.to_owned()),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            // tokio-postgres names libpq's `keepalives_count` differently.
            "keepalives_count" => self.passed_on.push(format!("keepalives_retries={value}")),
            "target_session_attrs" => self.passed_on.push(session_attributes(value)?),
            _ if PASSED_ON.contains(&name) => self.passed_on.push(pair.to_owned()),
            _ if is_without_effect(name, value) => {}
            _ if self.has_password() => return Err(foreign::after_password()),
            _ => return Err(foreign::unsupported(name, value)),
        }
        Ok(())
    }

    fn has_password(&self) -> bool {
        self.passed_on.iter().any(|pair| pair.starts_with("password="))
    }

    /// Lets tokio-postgres parse the address and the parameters that are passed to it.
    pub(super) fn config(&self, address: &str) -> Result<Config, UrlError> {
        let url = format!("{address}?{}", self.passed_on.join("&"));
        url.trim_end_matches('?').parse().map_err(|error: tokio_postgres::Error| {
            // The source of the error contains the name of a parameter, but not its value.
            UrlError::Invalid(error.source().map_or_else(|| error.to_string(), ToString::to_string))
        })
    }

    pub(super) fn into_tls(self, config: &Config) -> Result<Tls, UrlError> {
        let is_system = self.root.as_deref() == Some("system");
        let (mode, has_mode) = match self.mode {
            Some(mode) => (mode, true),
            None if is_system => (SslMode::VerifyFull, false),
            None => (SslMode::Prefer, false),
        };
        let is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        if is_direct && mode < SslMode::Require {
            return Err(UrlError::Combination(
                "sslnegotiation=direct needs sslmode=require, verify-ca or verify-full",
            ));
        }
        if is_system && mode != SslMode::VerifyFull {
            return Err(UrlError::Combination(
                "sslrootcert=system needs sslmode=verify-full: anyone can get a certificate from \
                 a public authority for some other name",
            ));
        }
        if mode == SslMode::Disable && config.get_channel_binding() == ChannelBinding::Require {
            return Err(UrlError::Combination(
                "channel_binding=require needs TLS, so sslmode must not be disable",
            ));
        }
        let trust = match (self.root, mode) {
            (Some(_), _) if is_system => Trust::System,
            (None, SslMode::VerifyFull) => Trust::System,
            (None, SslMode::VerifyCa) => {
                return Err(UrlError::Combination(
                    "sslmode=verify-ca needs sslrootcert=PATH, or write sslmode=verify-full",
                ));
            }
            (None, _) => Trust::Anyone,
            (Some(root), mode) => {
                Trust::Root { file: root.into(), checks_name: mode == SslMode::VerifyFull }
            }
        };
        let client = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(UrlError::Combination(
                    "sslcert needs sslkey=PATH (for a CA certificate, use sslrootcert)",
                ));
            }
            (None, Some(_)) => return Err(UrlError::Combination("sslkey needs sslcert=PATH")),
        };
        Ok(Tls::new(mode, has_mode, trust, client))
    }
}

/// Returns the parameter `target_session_attrs` for tokio-postgres, which does not know libpq's
/// `primary` and `standby`. They are nearly equivalent to `read-write` and `read-only`.
fn session_attributes(value: &str) -> Result<String, UrlError> {
    let known = match value {
        "any" | "read-write" | "read-only" => value,
        "primary" => "read-write",
        "standby" => "read-only",
        _ => {
            return Err(UrlError::Value {
                name: "target_session_attrs".into(),
                value: foreign::shown(value),
                expected: "any, read-write, read-only, primary or standby".into(),
            });
        }
    };
    Ok(format!("target_session_attrs={known}"))
}

fn is_known(name: &str) -> bool {
    PASSED_ON.contains(&name) || name.starts_with("ssl")
}

fn is_without_effect(name: &str, value: &str) -> bool {
    WITHOUT_EFFECT.iter().any(|(known, values)| *known == name && values.contains(&value))
}

fn decode(text: &str) -> Result<String, UrlError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_error| UrlError::Invalid("percent-encoding".into()))
}
