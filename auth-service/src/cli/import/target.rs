//! Checks candidates, and writes new users, missing sessions and, with `--update`, other missing
//! data of existing users.

mod accounts;
mod judge;
mod sessions;
mod update;
mod verdict;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use database::{Database, DatabaseUrl, migrate, sql_types::DbTime};
use operator_tools::source::value;
use shared_models::Timestamp;

use self::verdict::Verdict;
use super::{
    ImportArgs, ImportError,
    candidate::Candidate,
    report::{Counts, Report},
};
use crate::{
    MIGRATIONS,
    config::Config,
    domain::{secret_box::Seal, token_hash::token_hash},
    store::{ImportKeys, ImportPage, KnownRows, User},
};

pub(super) struct Target {
    url: DatabaseUrl,
    /// `None` before [`Target::prepare`], and in a dry run without a database that has the
    /// service's tables.
    database: Option<Database>,
    is_dry_run: bool,
    is_update: bool,
    /// Encrypts session tokens; `None` if sessions are not imported.
    seal: Option<Seal>,
    now: DateTime<Utc>,
    /// User ids already seen in this run. Like the addresses below, they serve to detect duplicates
    /// in the source.
    seen_ids: HashSet<String>,
    seen_emails: HashSet<String>,
}

/// The rows of a page before they are written, and the counts of the page.
#[derive(Default)]
struct Draft {
    page: ImportPage,
    counts: Counts,
    /// Account ids used in this page. Like the sets below, they serve to detect duplicates.
    account_ids: HashSet<String>,
    session_ids: HashSet<String>,
    token_hashes: HashSet<Vec<u8>>,
}

impl Target {
    pub(super) fn new(
        config: &Config,
        args: &ImportArgs,
        seal: Option<Seal>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            url: config.server.database_url.clone(),
            database: None,
            is_dry_run: args.dry_run,
            is_update: args.update,
            seal,
            now,
            seen_ids: HashSet::new(),
            seen_emails: HashSet::new(),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Opens the database and migrates its schema. A dry run neither creates nor migrates a
    /// database: it treats one without the service's tables as empty, and returns an error if the
    /// schema is outdated.
    pub(super) async fn prepare(&mut self) -> Result<(), ImportError> {
        if !self.is_dry_run {
            migrate::run(&self.url, MIGRATIONS).await?;
            self.database = Some(Database::open(&self.url)?);
            return Ok(());
        }
        let Some(database) = Database::open_existing(&self.url)? else { return Ok(()) };
        let has_users = User::is_email_taken(&mut database.read().await?, "").await.is_ok();
        if has_users {
            migrate::check(&self.url, &MIGRATIONS).await?;
            self.database = Some(database);
        }
        Ok(())
    }

    /// Checks a page of candidates and, except in a dry run, writes the resulting rows in one
    /// transaction.
    pub(super) async fn take(
        &mut self,
        candidates: Vec<Candidate>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let known = self.find_known(&candidates).await?;
        let mut draft = Draft::default();
        for candidate in candidates {
            match self.judge(&candidate, &known, report) {
                Ok(Verdict::New(user)) => {
                    for loss in &candidate.losses {
                        report.note(&candidate.place, loss);
                    }
                    if let Some(ban) = &candidate.ban {
                        let what = format!("imported as disabled: {}", ban.description);
                        report.note(&candidate.place, &what);
                    }
                    draft.counts.users += 1;
                    self.add_accounts(&candidate, &user.id, &known, &mut draft, report);
                    self.add_sessions(&candidate, &user, &known, &mut draft, report)?;
                    draft.page.users.push(user);
                }
                Ok(Verdict::AlreadyHere(user)) => {
                    draft.counts.already_here += 1;
                    if let Some(ban) = candidate.ban.as_ref().filter(|_| user.is_active) {
                        let what =
                            format!("{} in the source, but stays active here", ban.description);
                        report.note(&candidate.place, &what);
                    }
                    if self.is_update {
                        self.add_update(&candidate, user, &known, &mut draft, report);
                    }
                    self.add_sessions(&candidate, user, &known, &mut draft, report)?;
                }
                Ok(Verdict::LeftOut(reason)) => report.leave_out(&candidate.place, &reason),
                Err(reason) => report.skip(&candidate.place, &reason),
            }
        }
        if let Some(database) = &self.database
            && !self.is_dry_run
        {
            draft.page.write(&mut database.write().await?).await?;
        }
        report.add(draft.counts);
        Ok(())
    }

    /// Finds the existing rows that a page refers to.
    async fn find_known(&self, candidates: &[Candidate]) -> Result<KnownRows, ImportError> {
        let Some(database) = &self.database else { return Ok(KnownRows::default()) };
        let accounts = candidates.iter().flat_map(|candidate| &candidate.accounts);
        let sessions = || candidates.iter().flat_map(|candidate| &candidate.sessions);
        let keys = ImportKeys {
            user_ids: candidates.iter().filter_map(|c| c.id.as_deref()).collect(),
            emails: candidates.iter().map(Candidate::stored_email).collect(),
            account_ids: accounts.filter_map(|account| account.id.as_deref()).collect(),
            session_ids: sessions().map(|session| session.id.as_str()).collect(),
            token_hashes: sessions().map(|session| token_hash(&session.token)).collect(),
        };
        Ok(KnownRows::find(&mut database.read().await?, &keys).await?)
    }

    /// Parses a time and truncates it to milliseconds, the precision of [`Timestamp`]. Returns the
    /// start time of the import if the source has no time, and `None` if the time cannot be parsed.
    fn time_or_now(&self, text: Option<&str>) -> Option<DbTime> {
        let time = match text.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => value::time(text)?,
            None => self.now,
        };
        Some(DbTime(Timestamp::from(time).into()))
    }
}
