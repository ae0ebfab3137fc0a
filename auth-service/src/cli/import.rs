//! `auth-service import`: imports the users of another service, or an export of this one.
//!
//! Users of another service are checked and written in pages, one transaction per page, so that a
//! run can be interrupted and repeated. The tables, columns or format of the source are checked
//! before the first page is written. An export is imported in a single transaction.

mod args;
mod ban;
mod candidate;
mod csv;
mod error;
mod export;
mod json;
mod old_secret;
mod report;
mod sql;
mod target;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use database::Conn;
use operator_tools::{progress, source};
use secrecy::ExposeSecret as _;
use service_kit::Clock;

pub use self::{args::ImportArgs, error::ImportError};
use self::{args::Origin, candidate::PAGE, report::Report, target::Target};
use crate::{
    cli::transfer,
    config::Config,
    domain::{audit::Action, secret_box::Seal, sessions::SEAL_PURPOSE},
};

/// Runs the command. Returns a failure status if a user could not be imported.
pub async fn run(
    config: &Config,
    args: &ImportArgs,
    clock: &Clock,
) -> Result<ExitCode, ImportError> {
    if args.from == Origin::Export {
        return export::import(config, args, clock).await;
    }
    let mut report = Report::new(args.dry_run);
    let outcome = import_users(config, args, clock, &mut report).await;
    if let Some(written) = report.written() {
        transfer::record(config, Action::Import, &written, clock).await;
    }
    let mut out = io::stdout().lock();
    match outcome {
        Ok(()) => report.write(&mut out)?,
        // Pages that were written before the error stay in the database, so they are reported.
        Err(error) => {
            report.write_if_begun(&mut out)?;
            out.flush()?;
            return Err(error);
        }
    }
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn import_users(
    config: &Config,
    args: &ImportArgs,
    clock: &Clock,
    report: &mut Report,
) -> Result<(), ImportError> {
    let target = Target::new(config, args, session_seal(config, args)?, clock.now());
    let is_url = args.source.expose_secret().contains("://");
    match args.from {
        Origin::Csv => from_csv(args, target, report).await,
        Origin::Auth0 | Origin::Firebase | Origin::Keycloak => {
            from_json(args, target, report).await
        }
        Origin::Django if !is_url => from_json(args, target, report).await,
        _ => from_database(config, args, target, report).await,
    }
}

/// Returns the key that encrypts session tokens. It is derived from the secret that signs cookies,
/// which must be the secret of the source. Returns `None` if sessions are not imported.
fn session_seal(config: &Config, args: &ImportArgs) -> Result<Option<Seal>, ImportError> {
    if !args.sessions {
        return Ok(None);
    }
    if args.from != Origin::BetterAuth {
        return Err(ImportError::SessionsOfBetterAuthOnly);
    }
    // A generated secret cannot be that of the source.
    if !config.has_configured_secret() {
        return Err(ImportError::SessionsNeedSecret);
    }
    Ok(Some(Seal::new(&config.secrets()?, SEAL_PURPOSE)?))
}

async fn from_database(
    config: &Config,
    args: &ImportArgs,
    mut target: Target,
    report: &mut Report,
) -> Result<(), ImportError> {
    let mut conn = source::connect(args.source.expose_secret()).await?;
    // Reads one snapshot of the source, so that users and their accounts are consistent.
    let work = async |conn: &mut Conn| {
        let mut source = sql::Source::open(conn, args, report).await?;
        if args.sessions {
            source.check_sessions(conn, &config.secrets()?, report).await?;
        }
        target.prepare().await?;
        let progress = progress::bar(source.count(conn).await?);
        while let Some(page) = source.next_page(conn, target.now()).await? {
            progress.inc(u64::try_from(page.len()).unwrap_or_default());
            target.take(page, report).await?;
        }
        progress.finish_and_clear();
        Ok(())
    };
    conn.snapshot(work).await
}

async fn from_csv(
    args: &ImportArgs,
    mut target: Target,
    report: &mut Report,
) -> Result<(), ImportError> {
    let path = source::file(args.source.expose_secret())?;
    let mut source = csv::Source::open(&path, &args.names, report)?;
    target.prepare().await?;
    let progress = progress::bar(source.size());
    while let Some(page) = source.next_page(target.now(), report)? {
        progress.set_position(source.position());
        target.take(page, report).await?;
    }
    progress.finish_and_clear();
    Ok(())
}

async fn from_json(
    args: &ImportArgs,
    mut target: Target,
    report: &mut Report,
) -> Result<(), ImportError> {
    let path = source::file(args.source.expose_secret())?;
    let users = json::read(&path, args, report)?;
    target.prepare().await?;
    let progress = progress::bar(u64::try_from(users.len()).unwrap_or_default());
    let mut users = users.into_iter();
    loop {
        let page: Vec<_> = users.by_ref().take(PAGE).collect();
        if page.is_empty() {
            break;
        }
        progress.inc(u64::try_from(page.len()).unwrap_or_default());
        target.take(page, report).await?;
    }
    progress.finish_and_clear();
    Ok(())
}
