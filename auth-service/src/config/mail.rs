//! Settings of e-mail delivery.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use lettre::{address::AddressError, message::Mailbox};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use settings::{RAW_AT, has_raw_at};
use url::Url;

/// Delivery and appearance of e-mails.
#[derive(Args, Clone, Debug)]
pub struct MailArgs {
    /// Mail server: smtps://user:password@host:465, smtp://…?tls=required for STARTTLS, or smtp://…
    /// without encryption. If unset, e-mails are written to MAIL_DIR
    #[arg(long, env, hide_env_values = true)]
    pub smtp_url: Option<SmtpUrl>,

    /// Folder for e-mails (.eml files) when SMTP_URL is unset
    #[arg(long, env, default_value = "data/mail")]
    pub mail_dir: PathBuf,

    /// Sender of e-mails
    #[arg(long, env, default_value = "no-reply@localhost", value_parser = mailbox)]
    pub mail_from: Mailbox,

    /// Folder with e-mail templates that override the built-in ones
    #[arg(long, env, value_parser = folder)]
    pub mail_templates: Option<PathBuf>,
}

fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    let refused = "expected an address such as ada@example.com or Ada <ada@example.com>";
    text.parse().map_err(|_error: AddressError| refused)
}

fn folder(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).is_dir() { Ok(path.into()) } else { Err(format!("{path} is not a folder")) }
}

/// Default ports of SMTP (RFC 5321), submission (RFC 6409) and submission over TLS (RFC 8314).
const SMTP_PORT: u16 = 25;
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;

/// The URL of a mail server; it may contain a password.
#[derive(Clone)]
pub struct SmtpUrl {
    text: SecretString,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: SmtpEncryption,
    pub(crate) login: Option<(String, SecretString)>,
    /// Host name for EHLO; `None` for the name of the machine.
    pub(crate) hello_name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SmtpEncryption {
    None,
    /// STARTTLS if the server offers it, otherwise no encryption.
    Opportunistic,
    StartTls,
    Implicit,
}

impl SmtpUrl {
    /// Returns the URL as a string, including the password.
    pub(crate) fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    fn read(text: &str) -> Option<Self> {
        let url: Url = text.parse().ok()?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
        let (encryption, default_port) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (SmtpEncryption::None, SMTP_PORT),
            ("smtp", Some("opportunistic")) => (SmtpEncryption::Opportunistic, SUBMISSION_PORT),
            ("smtp", Some("required")) => (SmtpEncryption::StartTls, SUBMISSION_PORT),
            ("smtps", None) => (SmtpEncryption::Implicit, SUBMISSIONS_PORT),
            _ => return None,
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).ok();
        let login = match url.password() {
            Some(password) => Some((decoded(url.username())?, decoded(password)?.into())),
            None => None,
        };
        let hello_name = url.path().trim_matches('/');
        Some(Self {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            encryption,
            login,
            hello_name: (!hello_name.is_empty()).then(|| hello_name.to_owned()),
            text: text.into(),
        })
    }
}

impl FromStr for SmtpUrl {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        if url.parse().is_ok_and(|url: Url| has_raw_at(&url)) {
            return Err(RAW_AT);
        }
        // The message does not quote the URL, which may contain a password.
        Self::read(url)
            .ok_or("expected smtp://host, smtp://host?tls=required or smtps://user:password@host")
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("smtp://[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_host_port_encryption_and_login() {
        for (url, port, encryption, login) in [
            ("smtp://mail.example.com", 25, SmtpEncryption::None, None),
            ("smtp://mail.example.com:2525", 2525, SmtpEncryption::None, None),
            (
                "smtp://user:p%40ss@mail.example.com?tls=required",
                587,
                SmtpEncryption::StartTls,
                Some(("user", "p@ss")),
            ),
            (
                "smtps://user:pass@mail.example.com/client.example.com",
                465,
                SmtpEncryption::Implicit,
                Some(("user", "pass")),
            ),
        ] {
            let read: SmtpUrl = url.parse().unwrap();
            assert_eq!((read.host.as_str(), read.port), ("mail.example.com", port), "{url}");
            assert_eq!(read.encryption, encryption, "{url}");
            let read = read.login.as_ref();
            assert_eq!(read.map(|(user, password)| (&**user, password.expose_secret())), login);
        }
        for url in
            ["", "mail.example.com", "http://mail.example.com", "smtp://h?tls=maybe", "smtp:"]
        {
            assert!(url.parse::<SmtpUrl>().is_err(), "{url}");
        }
    }
}
