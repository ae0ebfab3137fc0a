//! Everything that a service keeps, as lines of JSON: a backup, and the way from one engine to the
//! other.
//!
//! ```text
//! {"export":"a-service","format":1,"schema":"20260102000003","version":"0.1.0","time":"2026-01-02T03:04:05.678901Z"}
//! {"table":"parents","row":{"id":"…","name":"…"}}
//! {"table":"children","row":{"id":"…","parent_id":"…"}}
//! {"end":{"rows":{"children":1,"parents":1},"sha256":"…"}}
//! ```
//!
//! Rows are in the order of their keys, byte by byte, so that the same rows make the same lines on both
//! engines. The checksum is the SHA-256 (FIPS 180-4) of all lines between the first and the last, line
//! feeds included: it finds what was cut or changed by accident.
//!
//! A command has its process for itself, so files are read and written where it runs.

pub mod bytes;
mod error;
mod format;
mod output;
mod reader;
mod row;
mod rows;
mod table;

use std::{cmp::Ordering, fmt, path::PathBuf};

use clap::Args;
use diesel::{QueryDsl as _, QueryResult, dsl::max};
use diesel_async::RunQueryDsl as _;

pub use self::{
    error::TransferError,
    format::Tally,
    row::{Bytewise, Row, bytewise},
    rows::Rows,
    table::{Table, checked_table, table},
};
use self::{
    format::{FORMAT, Header},
    output::Output,
    reader::{Reader, Source},
};
use crate::{
    Clock,
    db::{Conn, Database, DatabaseUrl, query},
    migrate::{self, Migrations},
    progress,
    sql_types::DbTime,
};

/// Where an export goes.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// A file, which is replaced in one step when everything is written; without it, or with -,
    /// standard output
    #[arg(value_parser = file)]
    pub file: Option<PathBuf>,
}

/// What is imported.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// A file that `export` has written; - for standard input
    #[arg(value_parser = file)]
    pub file: PathBuf,
}

/// The name of a file. A URL may hold a password, which errors about files would show.
pub fn file(text: &str) -> Result<PathBuf, &'static str> {
    if text.contains("://") { Err("expected a file, not a URL") } else { Ok(text.into()) }
}

/// What a service keeps.
#[expect(missing_debug_implementations, reason = "migrations have none")]
pub struct Inventory {
    /// As people know it.
    pub service: &'static str,
    /// Of the program.
    pub version: &'static str,
    pub migrations: Migrations,
    /// Parents before their children.
    pub tables: Vec<Box<dyn Table>>,
}

/// What an import found to do.
#[derive(Debug)]
pub enum Imported {
    Now(Tally),
    /// Exactly these rows were there before.
    Before(Tally),
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(tally) => write!(f, "imported and read again: {tally}"),
            Self::Before(tally) => write!(f, "nothing to do, all of it is here: {tally}"),
        }
    }
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

impl Inventory {
    fn schema(&self) -> Schema {
        Schema { service: self.service, version: self.migrations.latest() }
    }
}

/// Which schema a database must have.
struct Schema {
    service: &'static str,
    /// Of the last migration.
    version: String,
}

/// Writes down everything as of one moment; the service may run meanwhile.
pub async fn export(
    url: &DatabaseUrl,
    inventory: &Inventory,
    args: &ExportArgs,
    clock: &Clock,
) -> Result<Tally, TransferError> {
    if let DatabaseUrl::Sqlite(path) = url
        && !path.is_file()
    {
        return Err(TransferError::NoDatabase(path.clone()));
    }
    let schema = inventory.schema();
    let database = Database::open(url)?;
    let mut pooled = database.read().await?;
    let output = Output::open(args.file.as_deref())?;
    let writer = output.writer()?;
    let work = async |conn: &mut Conn<'_>| {
        schema.check(conn).await?;
        let length = counts(conn, &inventory.tables).await?.iter().map(|(_, count)| count).sum();
        let mut rows = Rows::new(writer, progress::bar(length));
        rows.write_line(&Header {
            export: inventory.service.to_owned(),
            format: FORMAT,
            schema: schema.version,
            version: inventory.version.to_owned(),
            time: DbTime(clock.now()),
        })?;
        read(conn, &inventory.tables, rows).await?.end()
    };
    let tally = pooled.conn().snapshot(work).await?;
    output.finish()?;
    Ok(tally)
}

/// Takes everything over from an export, all or nothing, into a database that is empty, whose schema is
/// brought up to date first. Nobody can write there meanwhile.
pub async fn import(
    url: &DatabaseUrl,
    inventory: Inventory,
    args: &ImportArgs,
) -> Result<Imported, TransferError> {
    let source = Source::of(&args.file);
    if source.can_be_read_twice() {
        source.open(&inventory)?.check()?;
    }
    let reader = source.open(&inventory)?;
    let schema = inventory.schema();
    migrate::run(url, inventory.migrations).await?;
    let database = Database::open(url)?;
    let mut pooled = database.write().await?;
    let work = async |conn: &mut Conn<'_>| {
        schema.check(conn).await?;
        take(conn, &inventory.tables, reader).await
    };
    pooled.conn().transaction(work).await
}

async fn take(
    conn: &mut Conn<'_>,
    tables: &[Box<dyn Table>],
    mut reader: Reader,
) -> Result<Imported, TransferError> {
    let names: Vec<_> = tables.iter().map(|table| table.name()).collect();
    conn.lock(&names).await?;
    conn.lift_limits().await?;
    let there = counts(conn, tables).await?;
    let mut taken = Rows::nowhere();
    while let Some(batch) = reader.next_batch()? {
        let table = tables.iter().find(|table| table.name() == batch.table);
        let table = table.ok_or_else(|| batch.refused("this table is not known here"))?;
        table.take(conn, &batch, &mut taken, there.is_empty()).await?;
    }
    let (wanted, found) = (taken.tally(), read(conn, tables, Rows::nowhere()).await?.tally());
    match (found == wanted, there.is_empty()) {
        (true, true) => Ok(Imported::Now(found)),
        (true, false) => Ok(Imported::Before(found)),
        (false, true) => Err(TransferError::Differs),
        (false, false) => Err(TransferError::NotEmpty(there)),
    }
}

impl Schema {
    async fn check(&self, conn: &mut Conn<'_>) -> Result<(), TransferError> {
        let last =
            __diesel_schema_migrations::table.select(max(__diesel_schema_migrations::version));
        let found: Option<String> = query!(conn, |c| last.get_result(*c))
            .map_err(|error| TransferError::NoSchema(self.service, error))?;
        match found.unwrap_or_default().cmp(&self.version) {
            Ordering::Less => Err(TransferError::OldSchema(self.service)),
            Ordering::Equal => Ok(()),
            Ordering::Greater => Err(TransferError::NewSchema(self.service)),
        }
    }
}

/// How many rows there are in those tables that have any.
async fn counts(
    conn: &mut Conn<'_>,
    tables: &[Box<dyn Table>],
) -> QueryResult<Vec<(&'static str, u64)>> {
    let mut counts = Vec::new();
    for table in tables {
        match table.count(conn).await? {
            0 => {}
            count => counts.push((table.name(), count)),
        }
    }
    Ok(counts)
}

async fn read(
    conn: &mut Conn<'_>,
    tables: &[Box<dyn Table>],
    mut rows: Rows,
) -> Result<Rows, TransferError> {
    for table in tables {
        rows = table.read(conn, rows).await?;
    }
    Ok(rows)
}
