//! A database of either engine.

use std::{fmt, sync::Arc};

use telemetry::metrics::Sheet;

use super::{
    Conn, DatabaseArgs, DatabaseUrl, OpenError, Postgres, Unavailable, gate::Gate, postgres::Use,
    sqlite::Sqlite,
};

/// The connection pools of one database. Cloning is cheap and shares them.
#[derive(Clone)]
pub enum Database {
    Postgres(Arc<Postgres>),
    Sqlite(Arc<Sqlite>),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Database::Postgres",
            Self::Sqlite(_) => "Database::Sqlite",
        })
    }
}

impl Database {
    /// Opens the pools without connecting. Creates the SQLite file and its folder if they do not
    /// exist.
    pub fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_with(url, &DatabaseArgs::default())
    }

    /// Opens the pools like [`Self::open`], but never creates a database. Returns `None` if the
    /// SQLite file does not exist.
    pub fn open_existing(url: &DatabaseUrl) -> Result<Option<Self>, OpenError> {
        match url {
            DatabaseUrl::Sqlite(path) if !path.is_file() => Ok(None),
            url => Self::open(url).map(Some),
        }
    }

    /// Opens the pools like [`Self::open`], but with the settings `args` instead of the defaults.
    pub fn open_with(url: &DatabaseUrl, args: &DatabaseArgs) -> Result<Self, OpenError> {
        Ok(match url {
            DatabaseUrl::Postgres(url) => Self::Postgres(Arc::new(Postgres::open(url, args)?)),
            DatabaseUrl::Sqlite(path) => Self::Sqlite(Arc::new(Sqlite::open(path)?)),
        })
    }

    /// Returns a connection for reads. It must not be used for writes: PostgreSQL may receive a
    /// statement twice, and SQLite rejects writes.
    pub async fn read(&self) -> Result<Conn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => Conn::Postgres(postgres.shared(Use::Read).await?),
            Self::Sqlite(sqlite) => Conn::Sqlite(sqlite.read()),
        })
    }

    /// Returns a connection for slow or rare reads. It is not among the connections that
    /// [`Self::read`] and [`Self::write`] return, so that the statements of other requests do not
    /// wait for these reads.
    pub async fn read_at_leisure(&self) -> Result<Conn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => Conn::Postgres(postgres.exclusive().await?),
            Self::Sqlite(sqlite) => Conn::Sqlite(sqlite.read_at_leisure()),
        })
    }

    /// Returns a connection for reading and writing.
    pub async fn write(&self) -> Result<Conn, Unavailable> {
        self.gate().pass()?;
        Ok(match self {
            Self::Postgres(postgres) => Conn::Postgres(postgres.shared(Use::Write).await?),
            Self::Sqlite(sqlite) => Conn::Sqlite(sqlite.write()),
        })
    }

    /// Adds the metrics of waits for connections to `sheet`.
    pub fn show(&self, sheet: &mut Sheet) {
        match self {
            Self::Postgres(postgres) => postgres.waits.show(sheet),
            Self::Sqlite(sqlite) => sqlite.waits.show(sheet),
        }
    }

    /// Returns whether the database responds within a short timeout and, if the schema exists,
    /// `tables` can be read. On SQLite, `tables` is
    /// ignored: all tables in the file must be readable.
    pub async fn is_ready(&self, tables: &[&str]) -> bool {
        match self {
            Self::Postgres(postgres) => postgres.is_ready(tables).await,
            Self::Sqlite(sqlite) => sqlite.is_ready().await,
        }
    }

    /// Refuses connections until [`Database::admit`] is called, because the schema may not exist
    /// yet.
    pub fn hold_off(&self) {
        self.gate().set_closed(true);
    }

    /// Allows connections again, because the schema exists.
    pub fn admit(&self) {
        self.gate().set_closed(false);
    }

    /// Returns whether connections are allowed, that is, whether the schema is expected to exist.
    pub fn has_schema(&self) -> bool {
        self.gate().pass().is_ok()
    }

    fn gate(&self) -> &Gate {
        match self {
            Self::Postgres(postgres) => &postgres.gate,
            Self::Sqlite(sqlite) => &sqlite.gate,
        }
    }
}
