//! Reads users from the database of another service, on PostgreSQL or SQLite.

mod layout;
mod row;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use database::{Conn, source::SourceTable};
use operator_tools::source::{self, SourceError, count_rows};

use self::layout::{BETTER_AUTH, DJANGO, SUPABASE};
use super::{
    ImportError,
    args::{ImportArgs, Origin},
    candidate::{Candidate, CandidateAccount, CandidateSession, PAGE},
    old_secret::{self, Fit},
    report::Report,
};
use crate::{
    config::Secrets,
    store::{
        SourceAccount, SourceKey, SourceOwner, SourceRange, SourceSession, SourceUser, StoreError,
    },
};

/// A source database, whose users are read page by page, in the order of their ids.
pub(super) struct Source {
    users: SourceTable,
    accounts: Option<SourceTable>,
    own_providers: &'static [&'static str],
    sessions: Option<SourceTable>,
    factors: Vec<(SourceTable, &'static str)>,
    keys: Option<SourceTable>,
    collation: &'static str,
    /// The id of the last user read; empty at first.
    after: String,
}

impl Source {
    /// Finds the tables of the source, and reports columns and users that are not imported. Returns
    /// an error if an expected table or column is missing.
    pub(super) async fn open(
        conn: &mut Conn,
        args: &ImportArgs,
        report: &mut Report,
    ) -> Result<Self, ImportError> {
        let layout = match args.from {
            Origin::Supabase => &SUPABASE,
            Origin::Django => &DJANGO,
            _ => &BETTER_AUTH,
        };
        let names = &args.names;
        source::check_mappings(&layout.tables(), names)?;
        let collation = source::begin(conn).await?;
        let users = layout.users.find(conn, names).await?;
        let accounts = match &layout.accounts {
            Some(accounts) => Some(accounts.find(conn, names).await?),
            None => None,
        };
        let sessions = match &layout.sessions {
            Some(sessions) if args.sessions => Some(sessions.find(conn, names).await?),
            _ => None,
        };
        let keys = match &layout.keys {
            Some(keys) if args.sessions => keys.find_optional(conn, names).await?,
            _ => None,
        };
        let mut factors = Vec::new();
        for factor in layout.factors {
            if let Some(table) = factor.table.find_optional(conn, names).await? {
                factors.push((table, factor.loss));
            }
        }
        for table in [Some(&users), accounts.as_ref(), sessions.as_ref()].into_iter().flatten() {
            report.remarks(table.unread_remark());
        }
        if !users.has("email_verified") {
            report.remark(
                "the source does not say which addresses are verified: all are imported as unverified"
                    .to_owned(),
            );
        }
        let source = Self {
            users,
            accounts,
            own_providers: layout.own_providers,
            sessions,
            factors,
            keys,
            collation,
            after: String::new(),
        };
        source.check_ids(conn, report).await?;
        Ok(source)
    }

    /// Reports users without an id. They are not imported, because no account can refer to them.
    async fn check_ids(&self, conn: &mut Conn, report: &mut Report) -> Result<(), ImportError> {
        let id = self.users.key("id", self.collation);
        let filter = format!("WHERE {id} IS NULL OR {id} = ''");
        for _ in 0..count_rows(conn, &self.users, &filter).await? {
            report.skip("a user", "the user has no id");
        }
        Ok(())
    }

    /// Returns an error if importing sessions would have no effect: the source has users but no
    /// sessions, or the configured secret is not that of the source. Adds a remark if the secret
    /// cannot be checked.
    pub(super) async fn check_sessions(
        &self,
        conn: &mut Conn,
        secrets: &Secrets,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let Some(sessions) = &self.sessions else { return Ok(()) };
        let is_empty = count_rows(conn, sessions, "").await? == 0;
        if is_empty && self.count(conn).await? > 0 {
            return Err(SourceError::refused(format!(
                "--sessions: the table {} is empty. Sessions in secondary storage such as Redis \
                 cannot be imported; import without --sessions, and users will have to sign in again",
                sessions.sql
            ))
            .into());
        }
        match old_secret::fit(&self.private_keys(conn).await?, secrets)? {
            Fit::Same => {}
            Fit::Other => {
                return Err(SourceError::refused(
                    "--sessions: BETTER_AUTH_SECRET is not the secret of the old server, whose signing \
                     keys it does not decrypt: no cookie would be accepted"
                )
                .into());
            }
            Fit::Unknown => report.remark(
                "the source has nothing to check BETTER_AUTH_SECRET with: users stay signed in only if it \
                 is the secret of the old server"
                    .to_owned(),
            ),
        }
        Ok(())
    }

    async fn private_keys(&self, conn: &mut Conn) -> Result<Vec<String>, ImportError> {
        let Some(keys) = &self.keys else { return Ok(Vec::new()) };
        let rows = SourceKey::list(conn, keys).await.map_err(SourceError::Read)?;
        Ok(rows.into_iter().filter_map(|row| row.private_key).collect())
    }

    pub(super) async fn count(&self, conn: &mut Conn) -> Result<u64, ImportError> {
        Ok(count_rows(conn, &self.users, "").await?)
    }

    pub(super) async fn next_page(
        &mut self,
        conn: &mut Conn,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<Candidate>>, ImportError> {
        let users = self.read_users(conn).await.map_err(SourceError::Read)?;
        if users.iter().any(|user| user.id.contains(char::REPLACEMENT_CHARACTER)) {
            let reason = "the source has ids that are not UTF-8";
            return Err(SourceError::refused(reason).into());
        }
        let Some(last) = users.last().map(|user| user.id.clone()) else { return Ok(None) };
        let mut accounts = self.read_accounts(conn, &last).await.map_err(SourceError::Read)?;
        let mut sessions = self.read_sessions(conn, &last).await.map_err(SourceError::Read)?;
        let mut losses: HashMap<String, Vec<&'static str>> = HashMap::new();
        for (table, loss) in &self.factors {
            let owners = self.read_owners(conn, table, &last).await;
            for user_id in owners.map_err(SourceError::Read)? {
                losses.entry(user_id).or_default().push(loss);
            }
        }
        self.after = last;
        let candidate = |user: SourceUser| {
            let accounts = accounts.remove(&user.id).unwrap_or_default();
            let sessions = sessions.remove(&user.id).unwrap_or_default();
            let losses = losses.remove(&user.id).unwrap_or_default();
            user.candidate(accounts, sessions, losses, now)
        };
        Ok(Some(users.into_iter().map(candidate).collect()))
    }

    async fn read_users(&self, conn: &mut Conn) -> Result<Vec<SourceUser>, StoreError> {
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        SourceUser::list(conn, &self.users, self.collation, &self.after, limit).await
    }

    /// Returns the range of user ids in the page that ends with `last`.
    fn range<'a>(&'a self, last: &'a str) -> SourceRange<'a> {
        SourceRange { collation: self.collation, after: &self.after, last }
    }

    /// Returns the accounts of a page's users, by user id. Omits accounts of `own_providers`, which
    /// stand for sign-in methods of the source itself, such as its passwords.
    async fn read_accounts(
        &self,
        conn: &mut Conn,
        last: &str,
    ) -> Result<HashMap<String, Vec<CandidateAccount>>, StoreError> {
        let Some(table) = &self.accounts else { return Ok(HashMap::new()) };
        let mut accounts: HashMap<_, Vec<_>> = HashMap::new();
        for row in SourceAccount::list(conn, table, self.range(last)).await? {
            if !self.own_providers.contains(&row.provider_id.as_str()) {
                accounts.entry(row.user_id.clone()).or_default().push(row.into());
            }
        }
        Ok(accounts)
    }

    /// Returns the sessions of a page's users, by user id.
    async fn read_sessions(
        &self,
        conn: &mut Conn,
        last: &str,
    ) -> Result<HashMap<String, Vec<CandidateSession>>, StoreError> {
        let Some(table) = &self.sessions else { return Ok(HashMap::new()) };
        let mut sessions: HashMap<_, Vec<_>> = HashMap::new();
        for row in SourceSession::list(conn, table, self.range(last)).await? {
            sessions.entry(row.user_id.clone()).or_default().push(row.into());
        }
        Ok(sessions)
    }

    /// Returns the ids of the users in a page who have a row in `table`.
    async fn read_owners(
        &self,
        conn: &mut Conn,
        table: &SourceTable,
        last: &str,
    ) -> Result<HashSet<String>, StoreError> {
        let rows = SourceOwner::list(conn, table, self.range(last)).await?;
        Ok(rows.into_iter().map(|row| row.user_id).collect())
    }
}
