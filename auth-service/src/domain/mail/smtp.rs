//! Sends each e-mail over its own SMTP connection, so that a hung or failed connection affects no
//! other e-mail. Distinguishes rejected recipients from other errors.

use std::time::Duration;

use lettre::{
    Address, Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};
use secrecy::ExposeSecret as _;
use tokio::time;

use crate::config::{SmtpEncryption, SmtpUrl};

/// Time limit for the TCP connection to each IP address of the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Time limit for QUIT, after the server has accepted the e-mail.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// A mail server. Does not implement `Debug`, because it holds a password.
pub(crate) struct SmtpServer {
    url: SmtpUrl,
    credentials: Option<Credentials>,
    hello_name: ClientId,
}

/// Error while sending an e-mail, by the step that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SmtpError {
    #[error("cannot connect to the mail server")]
    Connect(#[source] Error),
    #[error("the mail server refuses the sender; check MAIL_FROM")]
    Sender(#[source] Error),
    #[error("the mail server refuses the recipient")]
    Recipient(#[source] Error),
    #[error("the mail server refuses the e-mail")]
    Content(#[source] Error),
}

impl SmtpError {
    /// Returns whether the server rejected the mailbox as unknown (RFC 5321 §4.2.3). Other
    /// rejections may be caused by settings: a wrong sender, or no right to relay (5.7.x, RFC 3463
    /// §3.8).
    pub(crate) fn is_unknown_recipient(&self) -> bool {
        let Self::Recipient(refusal) = self else { return false };
        let is_policy = std::error::Error::source(refusal)
            .is_some_and(|text| text.to_string().starts_with("5.7."));
        let is_about_mailbox = refusal
            .status()
            .is_some_and(|code| matches!(code.to_string().as_str(), "550" | "551" | "553"));
        is_about_mailbox && !is_policy
    }
}

impl SmtpServer {
    pub(crate) fn new(url: &SmtpUrl) -> Self {
        let login = url.login.as_ref();
        Self {
            url: url.clone(),
            credentials: login.map(|(user, password)| {
                Credentials::new(user.clone(), password.expose_secret().to_owned())
            }),
            hello_name: url.hello_name.clone().map_or_else(ClientId::default, ClientId::Domain),
        }
    }

    /// Connects, with TLS and authentication as configured.
    pub(crate) async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        self.open().await.map_err(SmtpError::Connect)
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let tls = || TlsParameters::new(self.url.host.clone());
        let implicit = (self.url.encryption == SmtpEncryption::Implicit).then(tls).transpose()?;
        let server = (self.url.host.as_str(), self.url.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(CONNECT_TIMEOUT),
            &self.hello_name,
            implicit,
            None,
        )
        .await?;
        let starts_tls = match self.url.encryption {
            SmtpEncryption::StartTls => true,
            SmtpEncryption::Opportunistic => connection.can_starttls(),
            SmtpEncryption::None | SmtpEncryption::Implicit => false,
        };
        if starts_tls {
            connection.starttls(tls()?, &self.hello_name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// Sends an e-mail. Closes the connection even if the future is dropped before it completes.
    pub(crate) async fn send(&self, mail: &Message) -> Result<(), SmtpError> {
        let mut connection = self.connect().await?;
        let (envelope, bytes) = (mail.envelope(), mail.formatted());
        let server = connection.server_info();
        let mut parameters = Vec::new();
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        let mut addresses = envelope.to().iter().chain(envelope.from());
        if !addresses.all(is_ascii) && server.supports_feature(Extension::SmtpUtfEight) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() && server.supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = Mail::new(envelope.from().cloned(), parameters);
        connection.command(sender).await.map_err(SmtpError::Sender)?;
        for address in envelope.to() {
            let recipient = Rcpt::new(address.clone(), Vec::new());
            connection.command(recipient).await.map_err(SmtpError::Recipient)?;
        }
        connection.command(Data).await.map_err(SmtpError::Content)?;
        let _: Response = connection.message(&bytes).await.map_err(SmtpError::Content)?;
        // The server has accepted the e-mail, so the outcome of QUIT does not matter.
        let _ = time::timeout(QUIT_TIMEOUT, connection.quit()).await;
        Ok(())
    }
}
