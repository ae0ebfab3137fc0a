//! How mail leaves the house.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use lettre::{AsyncSmtpTransport, Tokio1Executor, message::Mailbox};
use secrecy::{ExposeSecret as _, SecretString};

/// Where mail goes, and what it looks like.
#[derive(Args, Clone, Debug)]
pub struct MailArgs {
    /// The mail server: smtps://user:password@host:465, smtp://…?tls=required for STARTTLS, or
    /// smtp://… without encryption. If there is none, mails are files in MAIL_DIR
    #[arg(long, env, hide_env_values = true)]
    pub smtp_url: Option<SmtpUrl>,

    /// Where mails are kept as .eml files when there is no mail server
    #[arg(long, env, default_value = "data/mail")]
    pub mail_dir: PathBuf,

    /// Who mails are from
    #[arg(long, env, default_value = "no-reply@localhost")]
    pub mail_from: Mailbox,

    /// A folder with templates that replace our own, file by file
    #[arg(long, env, value_parser = folder)]
    pub mail_templates: Option<PathBuf>,
}

fn folder(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).is_dir() { Ok(path.into()) } else { Err(format!("{path} is no folder")) }
}

/// The address of a mail server; it may hold a password.
#[derive(Clone)]
pub struct SmtpUrl(SecretString);

impl SmtpUrl {
    /// The URL as text, password and all.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for SmtpUrl {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        // The reason is not repeated: it may hold a password.
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(
            |_error: lettre::transport::smtp::Error| {
                "expected smtp://host, smtp://host?tls=required or smtps://user:password@host"
            },
        )?;
        Ok(Self(url.into()))
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("smtp://[redacted]")
    }
}
