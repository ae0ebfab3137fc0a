//! Judges candidates and writes those that are new.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use service_kit::{
    db::{Database, DatabaseUrl},
    sql_types::DbTime,
};
use shared_models::{Timestamp, UserId};
use uuid::Uuid;

use super::{Candidate, CandidateAccount, CandidateSession, ImportError, report::Report, time};
use crate::{
    input::is_email,
    models::{AccountRow, ImportPage, PROVIDER_CREDENTIAL, SessionRow, User},
    password,
    seal::Seal,
    session::{USER_AGENT_MAX_CHARS, token_hash},
};

pub(super) struct Target {
    /// `None` when there is nothing there yet and nothing is to be made.
    database: Option<Database>,
    is_dry_run: bool,
    seal: Seal,
    now: DateTime<Utc>,
    /// What this run has seen, in case the source repeats itself.
    seen_ids: HashSet<String>,
    seen_emails: HashSet<String>,
}

/// What a candidate comes to.
enum Verdict {
    New(User),
    AlreadyHere { id: String },
}

impl Target {
    pub(super) fn writing(database: Database, seal: Seal, now: DateTime<Utc>) -> Self {
        Self {
            database: Some(database),
            is_dry_run: false,
            seal,
            now,
            seen_ids: HashSet::new(),
            seen_emails: HashSet::new(),
        }
    }

    /// Changes nothing, and makes no database where there is none.
    pub(super) async fn looking_on(
        url: &DatabaseUrl,
        seal: Seal,
        now: DateTime<Utc>,
    ) -> Result<Self, ImportError> {
        let database = match url {
            DatabaseUrl::Sqlite(path) if !path.is_file() => None,
            url => Some(Database::open(url)?),
        };
        let has_users = match &database {
            Some(database) => {
                User::is_email_taken(&mut database.read().await?.conn(), "").await.is_ok()
            }
            None => false,
        };
        Ok(Self {
            database: database.filter(|_| has_users),
            is_dry_run: true,
            seal,
            now,
            seen_ids: HashSet::new(),
            seen_emails: HashSet::new(),
        })
    }

    /// Judges a page and writes what is new of it, all or nothing.
    pub(super) async fn take(
        &mut self,
        candidates: Vec<Candidate>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let (ids_here, emails_here) = self.find(&candidates).await?;
        let mut page = ImportPage::default();
        for candidate in candidates {
            match self.judge(&candidate, &ids_here, &emails_here) {
                Ok(Verdict::AlreadyHere { id }) => {
                    report.already_here += 1;
                    self.take_sessions(&candidate, &id, &mut page, report)?;
                }
                Ok(Verdict::New(user)) => {
                    report.users += 1;
                    self.take_accounts(&candidate, &user, &mut page, report);
                    self.take_sessions(&candidate, &user.id, &mut page, report)?;
                    page.users.push(user);
                }
                Err(reason) => report.skip(&candidate.place, reason),
            }
        }
        let Some(database) = &self.database else {
            report.sessions += u64::try_from(page.sessions.len()).unwrap_or_default();
            return Ok(());
        };
        if self.is_dry_run {
            let known = page.known_sessions(&mut database.read().await?.conn()).await?;
            page.sessions.retain(|session| !known.contains(&session.id));
            report.sessions += u64::try_from(page.sessions.len()).unwrap_or_default();
            return Ok(());
        }
        let mut pooled = database.write().await?;
        let sessions = page.insert(&mut pooled.conn()).await?;
        report.sessions += u64::try_from(sessions).unwrap_or_default();
        Ok(())
    }

    /// Which ids and addresses of a page are here: address by id, id by address.
    async fn find(
        &self,
        candidates: &[Candidate],
    ) -> Result<(HashSet<String>, HashMap<String, String>), ImportError> {
        let Some(database) = &self.database else { return Ok(Default::default()) };
        let ids: Vec<_> = candidates.iter().filter_map(|c| c.id.as_deref()).collect();
        let emails: Vec<_> = candidates.iter().map(|c| c.email.to_ascii_lowercase()).collect();
        let mut pooled = database.read().await?;
        let known = User::list_known(&mut pooled.conn(), &ids, &emails).await?;
        let ids_here = known.iter().map(|(id, _)| id.clone()).collect();
        Ok((ids_here, known.into_iter().map(|(id, email)| (email, id)).collect()))
    }

    fn judge(
        &mut self,
        candidate: &Candidate,
        ids_here: &HashSet<String>,
        emails_here: &HashMap<String, String>,
    ) -> Result<Verdict, &'static str> {
        let email = candidate.email.to_ascii_lowercase();
        if !is_email(&email) {
            return Err("the address is malformed");
        }
        let texts = [Some(&candidate.name), candidate.image.as_ref()];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err("a text contains NUL");
        }
        if let Some(id) = &candidate.id {
            UserId::try_from(id.clone()).map_err(|_error: shared_models::InvalidUserId| {
                "the id is empty, longer than 255 characters, or unusable"
            })?;
            if !self.seen_ids.insert(id.clone()) {
                return Err("the id was there before");
            }
        }
        if !self.seen_emails.insert(email.clone()) {
            return Err("the address was there before");
        }
        match (&candidate.id, emails_here.get(&email)) {
            (Some(id), _) if ids_here.contains(id) => {
                return Ok(Verdict::AlreadyHere { id: id.clone() });
            }
            (Some(_), Some(_)) => return Err("the address is another user's here"),
            (None, Some(id)) => return Ok(Verdict::AlreadyHere { id: id.clone() }),
            (_, None) => {}
        }
        let created_at = self.time_or_now(candidate.created_at.as_deref())?;
        Ok(Verdict::New(User {
            id: candidate.id.clone().unwrap_or_else(|| Uuid::now_v7().to_string()),
            name: candidate.name.clone(),
            email,
            email_verified: candidate.email_verified,
            image: candidate.image.clone(),
            created_at,
            updated_at: match candidate.updated_at.as_deref() {
                Some(text) => self.time_or_now(Some(text))?,
                None => created_at,
            },
        }))
    }

    /// To the millisecond, as all times here.
    fn time_or_now(&self, text: Option<&str>) -> Result<DbTime, &'static str> {
        let found = match text {
            Some(text) => time(text).ok_or("a time cannot be read")?,
            None => self.now,
        };
        Ok(DbTime(Timestamp::from(found).into()))
    }

    fn take_accounts(
        &self,
        candidate: &Candidate,
        user: &User,
        page: &mut ImportPage,
        report: &mut Report,
    ) {
        let mut seen = HashSet::new();
        for account in &candidate.accounts {
            let is_credential = account.provider_id == PROVIDER_CREDENTIAL;
            let account_id = match &account.account_id {
                Some(id) if !is_credential => id.clone(),
                _ => user.id.clone(),
            };
            if !seen.insert((account.provider_id.clone(), account_id.clone())) {
                continue; // once is enough
            }
            match account.password_hash.as_deref().map(password::check_usable) {
                Some(Err(reason)) if is_credential => {
                    let what = format!("imported without a password: {reason}");
                    report.note(&candidate.place, &what);
                    continue;
                }
                _ if is_credential => report.passwords += 1,
                _ => report.other_accounts += 1,
            }
            page.accounts.push(self.account(account, account_id, user, is_credential));
        }
    }

    fn account(
        &self,
        account: &CandidateAccount,
        account_id: String,
        user: &User,
        is_credential: bool,
    ) -> AccountRow {
        let time = |text: &Option<String>, or: DbTime| match text {
            Some(text) => self.time_or_now(Some(text)).unwrap_or(or),
            None => or,
        };
        AccountRow {
            id: account.id.clone().unwrap_or_else(|| Uuid::now_v7().to_string()),
            user_id: user.id.clone(),
            provider_id: account.provider_id.clone(),
            account_id,
            password_hash: account.password_hash.clone().filter(|_| is_credential),
            created_at: time(&account.created_at, user.created_at),
            updated_at: time(&account.updated_at, user.updated_at),
        }
    }

    /// Those that are still alive.
    fn take_sessions(
        &self,
        candidate: &Candidate,
        user_id: &str,
        page: &mut ImportPage,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        for session in &candidate.sessions {
            match self.session(session, user_id)? {
                Some(session) => page.sessions.push(session),
                None => report.note(&candidate.place, "a session has expired or cannot be read"),
            }
        }
        Ok(())
    }

    fn session(
        &self,
        session: &CandidateSession,
        user_id: &str,
    ) -> Result<Option<SessionRow>, ImportError> {
        let Ok(expires_at) = self.time_or_now(session.expires_at.as_deref()) else {
            return Ok(None);
        };
        let created_at = self.time_or_now(session.created_at.as_deref());
        let updated_at = self.time_or_now(session.updated_at.as_deref());
        let (Ok(created_at), Ok(updated_at)) = (created_at, updated_at) else { return Ok(None) };
        if expires_at.0 <= self.now || session.token.is_empty() {
            return Ok(None);
        }
        let shown = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            text.chars().filter(|c| *c != '\0').take(USER_AGENT_MAX_CHARS).collect()
        };
        Ok(Some(SessionRow {
            id: session.id.clone(),
            token_hash: token_hash(&session.token),
            sealed_token: self.seal.close(&session.id, session.token.as_bytes())?,
            user_id: user_id.to_owned(),
            expires_at,
            created_at,
            updated_at,
            ip_address: shown(&session.ip_address),
            user_agent: shown(&session.user_agent),
        }))
    }
}
