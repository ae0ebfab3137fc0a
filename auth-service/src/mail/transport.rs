//! How a mail leaves: to a mail server, or into a folder.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use actix_web::web::block;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use tempfile::NamedTempFile;
use tracing::info;

use crate::config::MailArgs;

/// How long the server may take to take the call; what follows is limited as a whole.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

pub(crate) enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("the mail server: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    #[error("the folder for mails, {0}: {1}")]
    Folder(PathBuf, io::Error),
    #[error("a blocking task did not end")]
    Blocking(#[from] actix_web::error::BlockingError),
}

impl Transport {
    pub(crate) fn new(args: &MailArgs) -> Result<Self, TransportError> {
        let Some(url) = &args.smtp_url else {
            info!("without SMTP_URL, mails are files in {}", args.mail_dir.display());
            return Ok(Self::Folder(args.mail_dir.clone()));
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())?;
        Ok(Self::Smtp(transport.timeout(Some(CONNECT_TIMEOUT)).build()))
    }

    /// `name` is for the file, if there is one.
    pub(crate) async fn send(&self, name: &str, mail: Message) -> Result<(), TransportError> {
        match self {
            Self::Smtp(transport) => {
                transport.send(mail).await?;
                info!(mail.name = name, "a mail was sent");
            }
            Self::Folder(folder) => {
                let file = folder.join(name).with_extension("eml");
                let bytes = mail.formatted();
                let failed = |error| TransportError::Folder(folder.clone(), error);
                block({
                    let file = file.clone();
                    move || write(&file, &bytes)
                })
                .await?
                .map_err(failed)?;
                info!(mail.file = %file.display(), "a mail is in {}", file.display());
            }
        }
        Ok(())
    }
}

/// Whole or not at all, and for its owner's eyes: it holds a link that works.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut draft = NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.persist(file)?;
    Ok(())
}
