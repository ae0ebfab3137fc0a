//! The secrets, which are configured, or generated once and stored beside a SQLite database.

use std::{
    collections::HashSet,
    fs,
    io::{self, Write as _},
    num::ParseIntError,
    path::{Path, PathBuf},
};

use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::{ExposeSecret as _, SecretString};
use service_kit::{
    config::{ExampleSecret, SECRET_MIN_CHARS, refuse_example, secret},
    db::DatabaseUrl,
    ownership::PathError,
};
use tempfile::NamedTempFile;

use super::Config;

/// Placeholders that examples and documentation use for a secret, in lower case.
const PLACEHOLDERS: [&str; 11] = [
    "openssl",
    "generate-",
    "change-me",
    "change_me",
    "changeme",
    "replace-me",
    "replace_me",
    "placeholder",
    "your-secret",
    "your_secret",
    "better-auth-secret",
];
/// Minimum number of distinct characters. Fewer than one in ten million random secrets of 32
/// hexadecimal digits fall below it.
const MIN_DIFFERENT_CHARS: usize = 8;

/// Returns whether a secret is a known placeholder or has a pattern that random secrets do not
/// have: few distinct characters, a part that is repeated throughout, or mostly neighbouring
/// characters such as `abc` and `321`.
fn is_guessable(secret: &str) -> bool {
    let lower_case = secret.to_lowercase();
    let bytes = secret.as_bytes();
    let different: HashSet<_> = bytes.iter().collect();
    let repeats = (1..=bytes.len() / 2)
        .any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b));
    let steps =
        bytes.iter().zip(bytes.iter().skip(1)).filter(|(a, b)| a.abs_diff(**b) <= 1).count();
    PLACEHOLDERS.iter().any(|placeholder| lower_case.contains(placeholder))
        || (secret.starts_with('<') && secret.ends_with('>'))
        || different.len() < MIN_DIFFERENT_CHARS
        || repeats
        || steps * 2 > bytes.len()
}

/// A secret of `BETTER_AUTH_SECRETS` with its version.
#[derive(Clone, Debug)]
pub struct VersionedSecret {
    version: u32,
    secret: SecretString,
}

/// Parses `<version>:<secret>`, the format of Better Auth. The error does not contain the secret.
pub(super) fn versioned_secret(text: &str) -> Result<VersionedSecret, String> {
    let Some((version, text)) = text.trim().split_once(':') else {
        return Err("expected a version before each secret, such as 2:<new>,1:<old>".to_owned());
    };
    let version = version.parse().map_err(|_error: ParseIntError| {
        "the version before a secret must be a whole number, such as 2:<new>,1:<old>"
    })?;
    Ok(VersionedSecret { version, secret: secret(text.trim())? })
}

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

/// Error for a secret that is missing, unsafe or cannot be stored.
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
    /// Returns the secrets. Generates one for a SQLite database if none is configured.
    pub(crate) fn secrets(&self) -> Result<Secrets, SecretError> {
        if let Some(secrets) = self.versioned_secrets()? {
            return Ok(secrets);
        }
        match (&self.better_auth_secret, &self.database_url) {
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

    /// Returns the secrets of `BETTER_AUTH_SECRETS`. As in Better Auth, `BETTER_AUTH_SECRET` is then
    /// the oldest one.
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

    /// Rejects well-known secrets, unless the service is only reachable from this machine.
    fn check_secret(&self, name: &'static str, secret: &SecretString) -> Result<(), SecretError> {
        refuse_example(name, secret, self.better_auth_url.as_str())?;
        if self.is_public() && is_guessable(secret.expose_secret()) {
            return Err(SecretError::Guessable(name));
        }
        Ok(())
    }

    /// Like [`Self::secrets`], but returns `None` instead of generating a secret.
    pub(crate) fn existing_secrets(&self) -> Result<Option<Secrets>, SecretError> {
        match &self.database_url {
            DatabaseUrl::Sqlite(database)
                if !self.has_configured_secret() && !secret_file(database).exists() =>
            {
                Ok(None)
            }
            _ => self.secrets().map(Some),
        }
    }

    /// Returns whether a secret is configured, as opposed to a generated one.
    pub(crate) fn has_configured_secret(&self) -> bool {
        self.better_auth_secret.is_some() || !self.better_auth_secrets.is_empty()
    }
}

/// Returns the path of the file with the secret generated for a database.
fn secret_file(database: &Path) -> PathBuf {
    database.with_extension("secret")
}

/// Reads the secret in `file`, or generates it if there is no such file. If several processes start
/// at once, one of them creates the file atomically and all read the same secret.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessable_secrets_are_distinguished_from_random_ones() {
        for secret in [
            "<generate-with-openssl-rand-base64-32>",
            "your-secret-key-that-is-long-enough-0",
            "CHANGEME-CHANGEME-CHANGEME-CHANGEME-1",
            "better-auth-secret-12345678901234567890",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3t",
        ] {
            assert!(is_guessable(secret), "{secret}");
        }
        for secret in [
            "4f1c9e0b7a2d86f35ce81b90d7a4e263",
            "q3ZJ0m8tXv1cR5yLw7PkN2sB9hGdE4uF6aTiYoC=",
            "correct horse battery staple, and so on",
        ] {
            assert!(!is_guessable(secret), "{secret}");
        }
        for _ in 0..1000 {
            assert!(!is_guessable(&Alphanumeric.sample_string(&mut rand::rng(), 32)));
        }
    }
}
