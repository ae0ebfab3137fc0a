//! The secret: given, or made once and kept beside a SQLite database.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::SecretString;
use service_kit::{
    config::{ExampleSecret, refuse_example},
    db::DatabaseUrl,
};
use tempfile::NamedTempFile;

use super::Config;

const SECRET_MIN_CHARS: usize = 32;

pub(super) fn secret(text: &str) -> Result<SecretString, String> {
    if text.chars().count() < SECRET_MIN_CHARS {
        return Err(format!("a secret has at least {SECRET_MIN_CHARS} characters"));
    }
    Ok(text.into())
}

/// No secret is to be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("BETTER_AUTH_SECRET is required with PostgreSQL: replicas must share it")]
    Required,
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error("cannot keep a secret in {0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} holds no secret of at least {SECRET_MIN_CHARS} characters")]
    TooShort(PathBuf),
}

impl Config {
    pub(crate) fn secret(&self) -> Result<SecretString, SecretError> {
        match (&self.better_auth_secret, &self.database_url) {
            (Some(secret), _) => {
                refuse_example("BETTER_AUTH_SECRET", secret, self.better_auth_url.as_str())?;
                Ok(secret.clone())
            }
            (None, DatabaseUrl::Postgres(_)) => Err(SecretError::Required),
            (None, DatabaseUrl::Sqlite(database)) => {
                let file = secret_file(database);
                let text =
                    kept_secret(&file).map_err(|error| SecretError::File(file.clone(), error))?;
                secret(text.trim()).map_err(|_error: String| SecretError::TooShort(file))
            }
        }
    }

    /// The same, but `None` where one would be made.
    pub(crate) fn existing_secret(&self) -> Result<Option<SecretString>, SecretError> {
        match &self.database_url {
            DatabaseUrl::Sqlite(database)
                if self.better_auth_secret.is_none() && !secret_file(database).exists() =>
            {
                Ok(None)
            }
            _ => self.secret().map(Some),
        }
    }
}

/// Where the secret is kept that was made for a database.
fn secret_file(database: &Path) -> PathBuf {
    database.with_extension("secret")
}

/// The secret in `file`, which is made if it is not there. Of several processes that start at
/// once one makes it, in one step, and all read the same.
fn kept_secret(file: &Path) -> io::Result<String> {
    if !file.exists() {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Only its owner may read it.
        let mut draft = NamedTempFile::new_in(folder)?;
        draft.write_all(Alphanumeric.sample_string(&mut rand::rng(), 48).as_bytes())?;
        draft.as_file().sync_all()?;
        if let Err(failed) = draft.persist_noclobber(file)
            && failed.error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(failed.error);
        }
    }
    fs::read_to_string(file)
}
