//! `task-service import`: imports the tasks of another service, or an export of this one.
//!
//! Tasks of another service are read in pages and written in one transaction. If the source is
//! rejected as a whole, nothing is imported. The import of such tasks can be repeated, because the
//! id of an imported task is that of the old task or derived from it.

mod args;
mod csv;
mod error;
mod fastapi;
mod judge;
mod old_task;
mod owners;
mod report;
mod users;

use std::{
    collections::HashMap,
    io::{self, Write as _},
    process::ExitCode,
};

use database::{Conn, Database, migrate::MigrateError};
use operator_tools::{progress, source};
use secrecy::ExposeSecret as _;
use service_kit::Clock;

pub use self::{args::ImportArgs, error::ImportError};
use self::{args::Origin, judge::Judge, old_task::OldTask, owners::Owners, report::Report};
use crate::{cli::transfer, config::Config, domain::migration, store::ImportedTasks};

/// Runs the command. Returns a failure status if a task could not be imported.
pub async fn run(
    config: &Config,
    args: &ImportArgs,
    clock: &Clock,
) -> Result<ExitCode, ImportError> {
    if args.from == Origin::Export {
        return import_export(config, args).await;
    }
    let owners = Owners::read(args)?;
    let report = Report::open(args)?;
    let import = Import { config, args, judge: Judge::new(owners, clock.now()), report };
    let report = match args.from {
        Origin::Csv => import.read_csv().await?,
        _ => import.read_database().await?,
    };
    let mut out = io::stdout().lock();
    let is_complete = report.finish(&mut out)?;
    out.flush()?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn import_export(config: &Config, args: &ImportArgs) -> Result<ExitCode, ImportError> {
    if args.is_for_tasks() {
        return Err(ImportError::ExportIsTakenWhole);
    }
    let file = operator_tools::transfer::file(args.source.expose_secret());
    let file = file.map_err(ImportError::NotAnExport)?;
    transfer::import(config, &operator_tools::transfer::ImportArgs { file }).await?.log();
    Ok(ExitCode::SUCCESS)
}

/// An import of the tasks of another service.
struct Import<'a> {
    config: &'a Config,
    args: &'a ImportArgs,
    judge: Judge,
    report: Report,
}

impl Import<'_> {
    async fn read_database(mut self) -> Result<Report, ImportError> {
        let mut conn = source::connect(self.args.source.expose_secret()).await?;
        // Reads all tasks from one snapshot of the source.
        let work = async |source: &mut Conn| {
            let mut tasks = fastapi::Tasks::open(source, self.args, &mut self.report).await?;
            let progress = progress::bar(tasks.count());
            let database = self.prepare().await?;
            let is_dry_run = self.args.dry_run;
            let write = async |mut target: Option<&mut Conn>| {
                while let Some(page) = tasks.next_page(source).await? {
                    progress.inc(u64::try_from(page.len()).unwrap_or_default());
                    self.take(page, target.as_deref_mut()).await?;
                }
                tasks.check_complete()
            };
            in_transaction(database.as_ref(), is_dry_run, write).await?;
            progress.finish_and_clear();
            Ok::<_, ImportError>(())
        };
        conn.snapshot(work).await?;
        Ok(self.report)
    }

    async fn read_csv(mut self) -> Result<Report, ImportError> {
        let mut tasks = csv::Tasks::open(self.args, &mut self.report)?;
        let progress = progress::bar(tasks.size());
        let database = self.prepare().await?;
        let is_dry_run = self.args.dry_run;
        let write = async |mut target: Option<&mut Conn>| {
            while let Some(page) = tasks.next_page(&mut self.report)? {
                progress.set_position(tasks.position());
                self.take(page, target.as_deref_mut()).await?;
            }
            Ok(())
        };
        in_transaction(database.as_ref(), is_dry_run, write).await?;
        progress.finish_and_clear();
        Ok(self.report)
    }

    /// Opens the database and migrates its schema. A dry run neither creates nor migrates a
    /// database. Returns `None` in a dry run if there is no database with the service's tables.
    async fn prepare(&self) -> Result<Option<Database>, ImportError> {
        let url = &self.config.server.database_url;
        if !self.args.dry_run {
            migration::run(url).await?;
            return Ok(Some(Database::open(url)?));
        }
        let Some(database) = Database::open_existing(url)? else { return Ok(None) };
        match migration::check(url).await {
            Ok(()) => Ok(Some(database)),
            Err(migration::Error::Schema(MigrateError::Pending)) => {
                let has_tasks =
                    ImportedTasks::find_owners(&mut database.read().await?, &[]).await.is_ok();
                Ok(has_tasks.then_some(database))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Checks a page of tasks, reports the result for each, and writes the new ones. A dry run
    /// writes nothing.
    async fn take(
        &mut self,
        page: Vec<OldTask>,
        mut target: Option<&mut Conn>,
    ) -> Result<(), ImportError> {
        let judged: Vec<_> =
            page.into_iter().map(|old| (self.judge.judge(&old, &mut self.report), old)).collect();
        let ids: Vec<_> =
            judged.iter().filter_map(|(task, _)| Some(task.as_ref().ok()?.id)).collect();
        let known = match target.as_deref_mut() {
            Some(conn) => ImportedTasks::find_owners(conn, &ids).await?,
            None => HashMap::new(),
        };
        let mut new = ImportedTasks::default();
        for (task, old) in judged {
            match task {
                Ok(task) => match known.get(&task.id.0) {
                    None => {
                        self.report.imported(&old, &task)?;
                        new.push(task);
                    }
                    Some(owner) if *owner == task.user_id => {
                        self.report.already_here(&old, &task)?;
                    }
                    Some(_) => {
                        self.report.skip(&old, "the task already exists with another owner")?;
                    }
                },
                Err(reason) => self.report.skip(&old, &reason)?,
            }
        }
        match target {
            Some(conn) if !self.args.dry_run => Ok(new.insert(conn).await?),
            _ => Ok(()),
        }
    }
}

/// Runs `work` in a transaction. In a dry run, `work` gets a read-only connection instead, or none
/// if there is no database.
async fn in_transaction(
    database: Option<&Database>,
    is_dry_run: bool,
    work: impl AsyncFnOnce(Option<&mut Conn>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    match database {
        Some(database) if is_dry_run => work(Some(&mut database.read().await?)).await,
        Some(database) => {
            let mut conn = database.write().await?;
            let work = async |conn: &mut Conn| {
                conn.lift_limits().await?;
                work(Some(conn)).await
            };
            conn.transaction(work).await
        }
        None => work(None).await,
    }
}
