//! `auth-service import`: takes over the users of another service, or an export of ours.
//!
//! Rows are read in pages, judged, and written a page at a time in one transaction each, so a run
//! can be stopped and repeated at any time. What is here already is never changed.

mod better_auth;
mod csv;
mod error;
mod report;
mod target;

use std::{io, path::Path};

use chrono::{DateTime, NaiveDateTime, Utc};
use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};
use service_kit::{
    Clock,
    db::{Database, DatabaseUrl},
    migrate, progress,
};
use tracing::info;

pub use self::error::ImportError;
use self::{report::Report, target::Target};
use crate::{MIGRATIONS, config::Config, seal::Seal, session::SEAL_PURPOSE, transfer};

/// How many users are read and written at once.
const PAGE: usize = 500;

/// What is imported from where.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// What is taken over
    #[arg(long, value_enum, default_value_t = Origin::Export)]
    from: Origin,

    /// A file that `export` has written (- for standard input), taken whole into an empty database;
    /// for better-auth the URL of its database; for csv a file with a header and the columns
    /// email and, as you have them, id, name, image, `email_verified`, `password_hash`,
    /// `created_at` and `updated_at`
    source: SecretString,

    /// Take over sessions that are still alive, too (better-auth); cookies stay good with the same
    /// `BETTER_AUTH_SECRET`
    #[arg(long)]
    sessions: bool,

    /// Change nothing, and show what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Origin {
    Export,
    BetterAuth,
    Csv,
}

/// Somebody else's user, as far as it could be read.
pub(crate) struct Candidate {
    /// Where it stands, for the report.
    place: String,
    id: Option<String>,
    email: String,
    name: String,
    email_verified: bool,
    image: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    accounts: Vec<CandidateAccount>,
    sessions: Vec<CandidateSession>,
}

pub(crate) struct CandidateAccount {
    id: Option<String>,
    provider_id: String,
    account_id: Option<String>,
    password_hash: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

pub(crate) struct CandidateSession {
    id: String,
    token: String,
    expires_at: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

/// Runs the command.
pub async fn run(config: &Config, args: &ImportArgs, clock: &Clock) -> Result<(), ImportError> {
    if args.from == Origin::Export {
        return whole(config, args).await;
    }
    users(config, args, clock).await
}

async fn whole(config: &Config, args: &ImportArgs) -> Result<(), ImportError> {
    if args.sessions || args.dry_run {
        return Err(ImportError::TakenWhole);
    }
    let file = service_kit::transfer::file(args.source.expose_secret());
    let file = file.map_err(ImportError::NoExport)?;
    info!("{}", transfer::import(config, &service_kit::transfer::ImportArgs { file }).await?);
    Ok(())
}

/// Writes its report to standard output.
async fn users(config: &Config, args: &ImportArgs, clock: &Clock) -> Result<(), ImportError> {
    let seal = Seal::new(&config.secret()?, SEAL_PURPOSE)?;
    let mut target = if args.dry_run {
        Target::looking_on(&config.database_url, seal, clock.now()).await?
    } else {
        migrate::run(&config.database_url, MIGRATIONS).await?;
        Target::writing(Database::open(&config.database_url)?, seal, clock.now())
    };
    let mut report = Report::default();
    match args.from {
        Origin::BetterAuth => from_better_auth(args, &mut target, &mut report).await?,
        _ => from_csv(args, &mut target, &mut report).await?,
    }
    report.write(&mut io::stdout().lock(), args.dry_run)?;
    Ok(())
}

async fn from_better_auth(
    args: &ImportArgs,
    target: &mut Target,
    report: &mut Report,
) -> Result<(), ImportError> {
    let url: DatabaseUrl = args.source.expose_secret().parse().map_err(ImportError::SourceUrl)?;
    if let DatabaseUrl::Sqlite(path) = &url {
        exists(path)?;
    }
    let database = Database::open(&url)?;
    let mut source = better_auth::Source::open(&database).await?;
    let progress = progress::bar(source.count().await?);
    while let Some(page) = source.next_page(args.sessions).await? {
        progress.inc(u64::try_from(page.len()).unwrap_or_default());
        target.take(page, report).await?;
    }
    progress.finish_and_clear();
    Ok(())
}

async fn from_csv(
    args: &ImportArgs,
    target: &mut Target,
    report: &mut Report,
) -> Result<(), ImportError> {
    let path = Path::new(args.source.expose_secret());
    exists(path)?;
    let mut source = csv::Source::open(path, report)?;
    let progress = progress::bar(source.size());
    while let Some(page) = source.next_page()? {
        progress.set_position(source.position());
        target.take(page, report).await?;
    }
    progress.finish_and_clear();
    Ok(())
}

fn exists(path: &Path) -> Result<(), ImportError> {
    if path.is_file() { Ok(()) } else { Err(ImportError::NoFile(path.display().to_string())) }
}

fn is_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "t" | "1" | "yes" | "y")
}

/// A time as databases and spreadsheets write it: RFC 3339, with a blank for the `T`, without a
/// zone (then UTC), or milliseconds since 1970.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(millis) = text.parse() {
        return DateTime::from_timestamp_millis(millis);
    }
    let rfc_3339 = text.replacen(' ', "T", 1);
    let with_zone = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%:z"];
    with_zone
        .iter()
        .find_map(|format| DateTime::parse_from_str(&rfc_3339, format).ok())
        .map(|time| time.to_utc())
        .or_else(|| DateTime::parse_from_rfc3339(&rfc_3339).ok().map(|time| time.to_utc()))
        .or_else(|| {
            let naive = NaiveDateTime::parse_from_str(&rfc_3339, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
            Some(naive.and_utc())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_databases_write_them() {
        let expected = "2026-01-02T03:04:05.678Z".parse::<DateTime<Utc>>().unwrap();
        for text in [
            "2026-01-02T03:04:05.678Z",
            "2026-01-02 03:04:05.678+00",
            "2026-01-02 04:04:05.678+01:00",
            "2026-01-02 03:04:05.678",
            "2026-01-02T03:04:05.678000",
            " 1767323045678 ",
        ] {
            assert_eq!(time(text), Some(expected), "{text}");
        }
        for text in ["", "yesterday", "2026-13-02T03:04:05Z"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
