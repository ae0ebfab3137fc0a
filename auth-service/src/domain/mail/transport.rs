//! E-mail transports: a mail server, or files in a directory.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use lettre::Message;
use settings::ownership::{PathError, check_folder};
use tempfile::NamedTempFile;
use tokio::task::{JoinError, spawn_blocking};
use tracing::{info, warn};

use super::smtp::{SmtpError, SmtpServer};
use crate::config::MailArgs;

pub(crate) enum Transport {
    Smtp(SmtpServer),
    Folder(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error(transparent)]
    Smtp(#[from] SmtpError),
    #[error("MAIL_DIR: cannot write e-mails to {0}")]
    Folder(#[from] PathError),
    #[error("background task panicked")]
    Panicked(#[from] JoinError),
}

impl Transport {
    pub(crate) fn new(args: &MailArgs) -> Self {
        let Some(url) = &args.smtp_url else {
            let directory = args.mail_dir.display();
            info!(file.directory = %directory, "SMTP_URL is not set, writing e-mails to files");
            if let Err(error) = check_folder(&args.mail_dir) {
                warn!(%error, "cannot write e-mails to MAIL_DIR");
            }
            return Self::Folder(args.mail_dir.clone());
        };
        Self::Smtp(SmtpServer::new(url))
    }

    /// Sends an e-mail. `name` identifies it in logs and is the name of its file, without the
    /// extension.
    pub(crate) async fn send(&self, name: &str, mail: Message) -> Result<(), TransportError> {
        match self {
            Self::Smtp(server) => {
                server.send(&mail).await?;
                info!(mail.name = name, "e-mail sent");
            }
            Self::Folder(folder) => {
                let file = folder.join(name).with_extension("eml");
                let bytes = mail.formatted();
                let failed = |error| PathError::new(folder, error);
                spawn_blocking({
                    let file = file.clone();
                    move || write(&file, &bytes)
                })
                .await?
                .map_err(failed)?;
                info!(file.path = %file.display(), "e-mail written");
            }
        }
        Ok(())
    }
}

/// Writes a file atomically, readable only by its owner, because it may contain a valid link.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut draft = NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.persist(file)?;
    Ok(())
}
