//! The secret: given, or made once and kept beside a SQLite database.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::SecretString;
use service_kit::db::DatabaseUrl;
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
    #[error("cannot keep a secret in {0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} holds no secret of at least {SECRET_MIN_CHARS} characters")]
    TooShort(PathBuf),
}

impl Config {
    /// The secret, which is made if it may be and there is none.
    pub(crate) fn secret(&self) -> Result<SecretString, SecretError> {
        match (self.existing_secret()?, &self.database_url) {
            (Some(secret), _) => Ok(secret),
            (None, DatabaseUrl::Postgres(_)) => Err(SecretError::Required),
            (None, DatabaseUrl::Sqlite(database)) => {
                let file = secret_file(database);
                make_secret(&file).and_then(|()| fs::read_to_string(&file)).map_or_else(
                    |error| Err(SecretError::File(file.clone(), error)),
                    |text| long_enough(&text, &file),
                )
            }
        }
    }

    /// The secret as far as there is one.
    pub(crate) fn existing_secret(&self) -> Result<Option<SecretString>, SecretError> {
        match (&self.better_auth_secret, &self.database_url) {
            (Some(secret), _) => Ok(Some(secret.clone())),
            (None, DatabaseUrl::Postgres(_)) => Ok(None),
            (None, DatabaseUrl::Sqlite(database)) => {
                let file = secret_file(database);
                match fs::read_to_string(&file) {
                    Ok(text) => long_enough(&text, &file).map(Some),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(SecretError::File(file, error)),
                }
            }
        }
    }
}

/// Where the secret is kept that was made for a database.
pub(crate) fn secret_file(database: &Path) -> PathBuf {
    database.with_extension("secret")
}

fn long_enough(text: &str, file: &Path) -> Result<SecretString, SecretError> {
    secret(text.trim()).map_err(|_error: String| SecretError::TooShort(file.to_owned()))
}

/// Of several processes that start at once one makes it, in one step, and all read the same.
fn make_secret(file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Only its owner may read it.
    let mut draft = NamedTempFile::new_in(folder)?;
    draft.write_all(Alphanumeric.sample_string(&mut rand::rng(), 48).as_bytes())?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(file) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
        _ => Ok(()),
    }
}
