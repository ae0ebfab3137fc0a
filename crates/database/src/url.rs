//! Database URLs, which select the engine.

use std::{fmt, path::PathBuf, str::FromStr};

use settings::{ExampleSecret, refuse_example};

use super::{Pooler, PostgresUrl, SchemaName, postgres_connect::UrlError, spelling};

/// The URL of a database: `sqlite://path` or `postgres://user:password@host:port/database`.
#[derive(Clone)]
pub enum DatabaseUrl {
    Postgres(PostgresUrl),
    Sqlite(PathBuf),
}

impl DatabaseUrl {
    /// Sets the kind of pooler for this URL and all its clones. Does nothing for SQLite.
    pub fn set_pooler(&self, pooler: Pooler) {
        if let Self::Postgres(url) = self {
            url.set_pooler(pooler);
        }
    }

    /// Returns a URL of the same database that selects `schema`, if it is given. Returns an error
    /// if a schema is given for SQLite, which has no schemas.
    pub fn with_schema(&self, schema: Option<&SchemaName>) -> Result<Self, SchemaUnsupported> {
        match (self, schema) {
            (Self::Postgres(url), Some(schema)) => Ok(Self::Postgres(url.with_schema(schema))),
            (Self::Sqlite(_), Some(_)) => Err(SchemaUnsupported),
            (url, None) => Ok(url.clone()),
        }
    }

    /// Returns an error if this URL contains the example password of `.env.example` and the URL
    /// `site` does not point to this machine.
    pub fn refuse_example(&self, site: &str) -> Result<(), ExampleSecret> {
        match self {
            Self::Postgres(url) => refuse_example("DATABASE_URL", url.text(), site),
            Self::Sqlite(_) => Ok(()),
        }
    }
}

/// Error for a schema that is set although the database is SQLite.
#[derive(Debug, thiserror::Error)]
#[error(
    "DATABASE_SCHEMA requires PostgreSQL; with SQLite, give each service its own file in DATABASE_URL"
)]
pub struct SchemaUnsupported;

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if let Some(path) = spelling::after_sqlite_scheme(url) {
            return spelling::sqlite_path(path).map(Self::Sqlite);
        }
        if let Some(advice) = spelling::advice(url) {
            return Err(advice.into());
        }
        url.parse().map(Self::Postgres).map_err(|error: UrlError| error.to_string())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(url) => url.fmt(f),
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
        }
    }
}
