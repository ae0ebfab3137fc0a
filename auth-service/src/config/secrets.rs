//! The secrets, which are configured, or generated once and stored beside a SQLite database.

use std::{
    collections::HashSet,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use database::DatabaseUrl;
use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::{ExposeSecret as _, SecretString};
use settings::{ExampleSecret, SECRET_MIN_CHARS, ownership::PathError, refuse_example, secret};
use tempfile::NamedTempFile;

use super::{
    Config,
    secret::{VersionedSecret, is_guessable},
};

/// The current secret, which signs and encrypts, and older ones, which only verify and decrypt.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    pub(crate) current: SecretString,
    pub(crate) older: Vec<SecretString>,
}

impl Secrets {
    /// Returns all secrets, the current one first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SecretString> {
        [&self.current].into_iter().chain(&self.older)
    }
}

impl From<SecretString> for Secrets {
    fn from(current: SecretString) -> Self {
        Self { current, older: Vec::new() }
    }
}

/// Error for a secret that is missing or unsafe, or that cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("BETTER_AUTH_SECRET is required with PostgreSQL: replicas must share it")]
    Required,
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error("{0} is a placeholder or easy to guess: generate one with `openssl rand -base64 32`")]
    Guessable(&'static str),
    #[error("BETTER_AUTH_SECRETS has two secrets of version {0}")]
    SameVersion(u32),
    #[error("BETTER_AUTH_SECRET is not set, and a generated one cannot be stored in {0}")]
    File(#[from] PathError),
    #[error("{0} does not contain a secret of at least {SECRET_MIN_CHARS} characters")]
    TooShort(PathBuf),
}

const SECRET: &str = "BETTER_AUTH_SECRET";
const SECRETS: &str = "BETTER_AUTH_SECRETS";

impl Config {
    /// Rejects example values of `EVENTS_SECRET`, unless the public URL refers to this machine.
    pub(crate) fn check_events(&self) -> Result<(), ExampleSecret> {
        self.events.events_secret.iter().try_for_each(|secret| {
            refuse_example("EVENTS_SECRET", secret, self.better_auth_url.as_str())
        })
    }

    /// Returns the configured secrets. If there are none, reads or generates the secret beside the
    /// SQLite database, or returns an error with PostgreSQL.
    pub(crate) fn secrets(&self) -> Result<Secrets, SecretError> {
        if let Some(secrets) = self.versioned_secrets()? {
            return Ok(secrets);
        }
        match (&self.better_auth_secret, &self.server.database_url) {
            (Some(secret), _) => {
                self.check_secret(SECRET, secret)?;
                Ok(secret.clone().into())
            }
            (None, DatabaseUrl::Postgres(_)) => Err(SecretError::Required),
            (None, DatabaseUrl::Sqlite(database)) => {
                let file = secret_file(database);
                let text = kept_secret(&file).map_err(|error| PathError::new(&file, error))?;
                let secret = secret(text.trim());
                Ok(secret.map_err(|_error: String| SecretError::TooShort(file))?.into())
            }
        }
    }

    /// Returns the secrets of `BETTER_AUTH_SECRETS`, or `None` if it is not set. As in Better Auth,
    /// `BETTER_AUTH_SECRET` is the oldest one if both are set.
    fn versioned_secrets(&self) -> Result<Option<Secrets>, SecretError> {
        let mut versions = HashSet::new();
        for VersionedSecret { version, secret } in &self.better_auth_secrets {
            if !versions.insert(version) {
                return Err(SecretError::SameVersion(*version));
            }
            self.check_secret(SECRETS, secret)?;
        }
        let mut secrets = self.better_auth_secrets.iter().map(|versioned| versioned.secret.clone());
        let Some(current) = secrets.next() else { return Ok(None) };
        let older = secrets.chain(self.better_auth_secret.clone()).collect();
        Ok(Some(Secrets { current, older }))
    }

    /// Rejects example secrets, unless the public URL refers to this machine. If the URL is https,
    /// also rejects secrets that are easy to guess, with the same exception.
    fn check_secret(&self, name: &'static str, secret: &SecretString) -> Result<(), SecretError> {
        refuse_example(name, secret, self.better_auth_url.as_str())?;
        if self.is_public() && is_guessable(secret.expose_secret()) {
            return Err(SecretError::Guessable(name));
        }
        Ok(())
    }

    /// Like [`Self::secrets`], but returns `None` instead of generating a secret.
    pub(crate) fn existing_secrets(&self) -> Result<Option<Secrets>, SecretError> {
        match &self.server.database_url {
            DatabaseUrl::Sqlite(database)
                if !self.has_configured_secret() && !secret_file(database).exists() =>
            {
                Ok(None)
            }
            _ => self.secrets().map(Some),
        }
    }

    /// Returns whether a secret is configured rather than generated.
    pub(crate) fn has_configured_secret(&self) -> bool {
        self.better_auth_secret.is_some() || !self.better_auth_secrets.is_empty()
    }
}

/// Returns the path of the file that stores the generated secret of a SQLite database.
fn secret_file(database: &Path) -> PathBuf {
    database.with_extension("secret")
}

/// Reads the secret in `file`, or generates it if there is no such file. If several processes start
/// at the same time, one of them creates the file atomically and all read the same secret.
fn kept_secret(file: &Path) -> io::Result<String> {
    if !file.exists() {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Temporary files are readable only by their owner.
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
