//! Which database: the engine is chosen by the URL.

use std::{fmt, path::PathBuf, str::FromStr};

use secrecy::SecretString;

use crate::config::{ExampleSecret, refuse_example};

/// `sqlite://path` or `postgres://user:password@host:port/database`.
#[derive(Clone)]
pub enum DatabaseUrl {
    Postgres(SecretString),
    Sqlite(PathBuf),
}

impl DatabaseUrl {
    /// Refuses a password of `.env.example`, unless `site`, an address, is on this machine.
    pub fn refuse_example(&self, site: &str) -> Result<(), ExampleSecret> {
        match self {
            Self::Postgres(url) => refuse_example("DATABASE_URL", url, site),
            Self::Sqlite(_) => Ok(()),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            let is_file = !path.is_empty() && !path.starts_with(':') && !path.contains('?');
            return if is_file {
                Ok(Self::Sqlite(path.into()))
            } else {
                Err("expected sqlite://path, a file without parameters".into())
            };
        }
        let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        if is_postgres && url.parse::<tokio_postgres::Config>().is_ok() {
            return Ok(Self::Postgres(url.into()));
        }
        // The URL may hold a password, so it is not repeated.
        Err("expected sqlite://path or postgres://user:password@host/database".into())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(_) => f.write_str("postgres://[redacted]"),
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
        }
    }
}
