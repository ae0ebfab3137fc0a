//! Exports the data of a service as JSON lines and imports it again: for backups, and for moving
//! between the database engines.
//!
//! ```text
//! {"export":"a-service","format":1,"schema":"20260102000003","version":"0.1.0","time":"2026-01-02T03:04:05.678901Z"}
//! {"table":"parents","row":{"id":"…","name":"…"}}
//! {"table":"children","row":{"id":"…","parent_id":"…"}}
//! {"end":{"rows":{"children":1,"parents":1},"sha256":"…"}}
//! ```
//!
//! Rows are ordered by their keys (strings bytewise), so that the same rows produce the same lines
//! on both engines. The checksum is the SHA-256 (FIPS 180-4) of all lines between the first and the
//! last, line feeds included: it detects truncation and accidental changes.
//!
//! File access is blocking, because a command has the process to itself.

mod batch;
mod error;
mod format;
mod inventory;
mod output;
mod reader;
mod rows;
mod table;

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use database::{
    Conn, Database, DatabaseUrl,
    migrate::{self, History, MigrateError, Migrations, Plan},
    sql_types::DbTime,
};
use diesel::QueryResult;
use service_kit::Clock;
use tracing::info;

pub use self::{
    error::TransferError,
    format::Tally,
    inventory::Inventory,
    output::Output,
    rows::Rows,
    table::{Table, checked_table, table},
};
use self::{
    format::{FORMAT, Header},
    reader::{Reader, Source},
    table::table_of,
};
use crate::progress;

/// Destination of an export.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// Output file, replaced atomically when the export is complete; omit it, or use -, for standard
    /// output
    #[arg(value_parser = file)]
    pub file: Option<PathBuf>,
}

/// Source of an import.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// File written by `export`; - for standard input
    #[arg(value_parser = file)]
    pub file: PathBuf,
}

/// Parses a file name. Rejects URLs, which may contain a password that errors about files would
/// show.
pub fn file(text: &str) -> Result<PathBuf, &'static str> {
    if text.contains("://") { Err("expected a file, not a URL") } else { Ok(text.into()) }
}

/// Result of an import.
#[derive(Debug)]
pub enum Imported {
    Now(Tally),
    /// The database already contained exactly these rows.
    Before(Tally),
}

impl Imported {
    pub fn log(&self) {
        match self {
            Self::Now(tally) => info!(contents = %tally, "imported and verified"),
            Self::Before(tally) => {
                info!(contents = %tally, "nothing to import, all rows already exist");
            }
        }
    }
}

/// Exports the data of a service from one snapshot. The service may be running.
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
    let database = Database::open(url)?;
    let mut conn = database.read().await?;
    let output = Output::open(args.file.as_deref())?;
    let writer = output.writer()?;
    let work = async |conn: &mut Conn| {
        check_schema(conn, &inventory.migrations).await?;
        let length = counts(conn, &inventory.tables).await?.iter().map(|(_, count)| count).sum();
        let mut rows = Rows::new(writer, progress::bar(length));
        rows.write_line(&Header {
            export: inventory.service.to_owned(),
            format: FORMAT,
            schema: inventory.migrations.latest(),
            version: inventory.version.to_owned(),
            time: DbTime(clock.now()),
        })?;
        read(conn, &inventory.tables, rows).await?.end()
    };
    let tally = conn.snapshot(work).await?;
    output.finish()?;
    Ok(tally)
}

/// Migrates a database, and imports an export into it in one transaction that blocks other writers.
/// If the database already contains rows, only checks that they are the exported ones.
pub async fn import(
    url: &DatabaseUrl,
    inventory: Inventory,
    args: &ImportArgs,
) -> Result<Imported, TransferError> {
    let source = Source::of(&args.file);
    if source.can_be_read_twice() {
        source.open(&inventory)?.check(&inventory.tables)?;
    }
    let reader = source.open(&inventory)?;
    migrate::run(url, Arc::clone(&inventory.migrations)).await?;
    let database = Database::open(url)?;
    let mut conn = database.write().await?;
    let work = async |conn: &mut Conn| {
        check_schema(conn, &inventory.migrations).await?;
        take(conn, &inventory.tables, reader).await
    };
    conn.transaction(work).await
}

async fn take(
    conn: &mut Conn,
    tables: &[Box<dyn Table>],
    mut reader: Reader,
) -> Result<Imported, TransferError> {
    let names: Vec<_> = tables.iter().map(|table| table.name()).collect();
    conn.lock(&names).await?;
    conn.lift_limits().await?;
    let there = counts(conn, tables).await?;
    let mut taken = Rows::nowhere();
    while let Some(batch) = reader.next_batch()? {
        let table = table_of(&batch, tables)?;
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

/// Checks that all migrations of this program have run on a database, and no newer ones.
async fn check_schema(conn: &mut Conn, migrations: &Migrations) -> Result<(), TransferError> {
    let service = migrations.service;
    let history = History::read(conn, migrations).await?;
    let plan = Plan::new(&history, migrations).map_err(MigrateError::Run)?;
    if !plan.has_begun {
        Err(TransferError::NoSchema(service))
    } else if plan.unknown.iter().any(|version| *version > migrations.latest()) {
        Err(TransferError::NewSchema(service))
    } else if !plan.is_complete() {
        Err(TransferError::OldSchema(service))
    } else {
        Ok(())
    }
}

/// Returns the number of rows per table, for tables that are not empty.
async fn counts(
    conn: &mut Conn,
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
    conn: &mut Conn,
    tables: &[Box<dyn Table>],
    mut rows: Rows,
) -> Result<Rows, TransferError> {
    for table in tables {
        rows = table.read(conn, rows).await?;
    }
    Ok(rows)
}
