//! Everything that can be set, from the environment or the command line.

#![expect(clippy::doc_markdown, reason = "clap prints these comments as they are")]

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgAction, Parser, Subcommand};
use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::SecretString;
use service_kit::{
    config::{duration, non_blank},
    db::DatabaseUrl,
    origins::WebOrigin,
    telemetry::LogArgs,
};
use tempfile::NamedTempFile;

const SECRET_MIN_CHARS: usize = 32;

/// Signs users up and in, keeps sessions, issues EdDSA tokens and publishes the keys.
///
/// Every option can also be set by the environment variable of the same name.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Config {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where data is kept: sqlite://path or postgres://user:password@host/database
    #[arg(long, env, default_value = "sqlite://data/auth.db", hide_env_values = true)]
    pub database_url: DatabaseUrl,

    /// Bring the schema up to date at start
    #[arg(long, env, default_value_t = true, action = ArgAction::Set)]
    pub migrate: bool,

    /// The address to listen on
    #[arg(long, env, default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,

    /// The port to listen on; 0 takes a free one
    #[arg(long, env, default_value_t = 3000)]
    pub port: u16,

    /// The origins of the front end, separated by commas: CORS and trusted origins
    #[arg(long, env, default_value = "http://localhost:3000", value_delimiter = ',')]
    pub frontend_url: Vec<WebOrigin>,

    /// The public base URL, an origin without path; https makes the cookies secure
    #[arg(long, env, default_value = "http://localhost:3000")]
    pub better_auth_url: WebOrigin,

    /// Signs cookies and seals private keys; at least 32 characters. With SQLite it is made once
    /// and kept beside the database; with PostgreSQL it is required
    #[arg(long, env, hide_env_values = true, value_parser = secret)]
    pub better_auth_secret: Option<SecretString>,

    /// The `iss` of tokens; default: BETTER_AUTH_URL
    #[arg(long, env, value_parser = non_blank)]
    pub better_auth_issuer: Option<String>,

    /// The `aud` of tokens; default: BETTER_AUTH_URL
    #[arg(long, env, value_parser = non_blank)]
    pub better_auth_audience: Option<String>,

    /// How long a token is good for
    #[arg(long, env, default_value = "24h", value_parser = duration)]
    pub jwt_expires_in: Duration,

    /// How long a session lives without being used
    #[arg(long, env, default_value = "7d", value_parser = duration)]
    pub session_expires_in: Duration,

    /// How old a session gets before its use extends it
    #[arg(long, env, default_value = "1d", value_parser = duration)]
    pub session_update_age: Duration,

    /// The cost of a password hash: each step doubles the work
    #[arg(long, env, default_value_t = 12, value_parser = clap::value_parser!(u32).range(10..=15))]
    pub bcrypt_cost: u32,

    /// A folder with a built single-page application to serve
    #[arg(long, env, value_parser = folder)]
    pub web_root: Option<PathBuf>,

    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Bring the schema up to date and end
    Migrate,
}

fn secret(text: &str) -> Result<SecretString, String> {
    if text.chars().count() < SECRET_MIN_CHARS {
        return Err(format!("a secret has at least {SECRET_MIN_CHARS} characters"));
    }
    Ok(text.into())
}

fn folder(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).join("index.html").is_file() {
        Ok(path.into())
    } else {
        Err(format!("{path} has no index.html"))
    }
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
    pub(crate) fn issuer(&self) -> &str {
        self.better_auth_issuer.as_deref().unwrap_or(self.better_auth_url.as_str())
    }

    pub(crate) fn audience(&self) -> &str {
        self.better_auth_audience.as_deref().unwrap_or(self.better_auth_url.as_str())
    }

    pub(crate) fn has_secure_cookies(&self) -> bool {
        self.better_auth_url.as_str().starts_with("https://")
    }

    /// The origins that may act with a cookie: the service's own and the front end's.
    pub(crate) fn trusted_origins(&self) -> Vec<WebOrigin> {
        let mut origins = vec![self.better_auth_url.clone()];
        origins.extend(self.frontend_url.iter().cloned());
        origins
    }

    pub(crate) fn secret(&self) -> Result<SecretString, SecretError> {
        match (&self.better_auth_secret, &self.database_url) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, DatabaseUrl::Postgres(_)) => Err(SecretError::Required),
            (None, DatabaseUrl::Sqlite(database)) => {
                let file = database.with_extension("secret");
                let text =
                    kept_secret(&file).map_err(|error| SecretError::File(file.clone(), error))?;
                secret(text.trim()).map_err(|_error: String| SecretError::TooShort(file))
            }
        }
    }
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
