//! Import of users from another service: finds the existing rows to which a page of users refers,
//! and writes the page.

use std::collections::HashSet;

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{AccountRow, PROVIDER_CREDENTIAL, SessionRow, UserRow};
use crate::store::schema::{accounts, sessions, users};

/// Maximum number of rows that one statement inserts, and of values of one kind that it looks up,
/// because both engines limit the number of bound values.
const CHUNK: usize = 500;

#[derive(Default)]
pub(crate) struct ImportPage {
    pub(crate) users: Vec<UserRow>,
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) updates: Vec<ImportUpdate>,
}

/// Data that the import adds to an existing user who lacks it.
pub(crate) struct ImportUpdate {
    pub(crate) user_id: String,
    /// Time of the user's last change when the row was read. If the user was changed since then,
    /// only the password hash is written.
    pub(crate) updated_at: DbTime,
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) email_verified: Option<bool>,
    /// Hash for the user's credential account, if the account has none.
    pub(crate) password_hash: Option<String>,
}

#[derive(AsChangeset)]
#[diesel(table_name = users)]
struct UserUpdate<'a> {
    name: Option<&'a str>,
    image: Option<&'a str>,
    email_verified: Option<bool>,
}

/// Existing rows that a page refers to.
#[derive(Default)]
pub(crate) struct KnownRows {
    pub(crate) users: Vec<UserRow>,
    /// Accounts of the users above.
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) account_ids: HashSet<String>,
    pub(crate) sessions: Vec<KnownSession>,
}

#[derive(HasQuery)]
#[diesel(table_name = sessions)]
pub(crate) struct KnownSession {
    pub(crate) id: String,
    pub(crate) token_hash: Vec<u8>,
    pub(crate) user_id: String,
}

/// Keys to look up, because rows with them may already exist.
#[derive(Default)]
pub(crate) struct ImportKeys<'a> {
    pub(crate) user_ids: Vec<&'a str>,
    pub(crate) emails: Vec<String>,
    pub(crate) account_ids: Vec<&'a str>,
    pub(crate) session_ids: Vec<&'a str>,
    pub(crate) token_hashes: Vec<Vec<u8>>,
}

impl KnownRows {
    pub(crate) async fn find(conn: &mut Conn, keys: &ImportKeys<'_>) -> QueryResult<Self> {
        let users: Vec<UserRow> = query!(conn, |c| UserRow::query()
            .filter(users::id.eq_any(&keys.user_ids).or(users::email.eq_any(&keys.emails)))
            .load(c))?;
        let mut known = Self { users, ..Self::default() };
        let user_ids: Vec<_> = known.users.iter().map(|user| user.id.as_str()).collect();
        for ids in user_ids.chunks(CHUNK) {
            let found: Vec<AccountRow> = query!(conn, |c| AccountRow::query()
                .filter(accounts::user_id.eq_any(ids))
                .load(c))?;
            known.accounts.extend(found);
        }
        for ids in keys.account_ids.chunks(CHUNK) {
            let found: Vec<String> = query!(conn, |c| accounts::table
                .filter(accounts::id.eq_any(ids))
                .select(accounts::id)
                .load(c))?;
            known.account_ids.extend(found);
        }
        for ids in keys.session_ids.chunks(CHUNK) {
            let found: Vec<KnownSession> =
                query!(conn, |c| KnownSession::query().filter(sessions::id.eq_any(ids)).load(c))?;
            known.sessions.extend(found);
        }
        for hashes in keys.token_hashes.chunks(CHUNK) {
            let found: Vec<KnownSession> = query!(conn, |c| KnownSession::query()
                .filter(sessions::token_hash.eq_any(hashes))
                .load(c))?;
            known.sessions.extend(found);
        }
        Ok(known)
    }
}

/// Inserts rows: on PostgreSQL, many in one statement; on SQLite, one by one, which is cheap inside
/// a transaction and without a network.
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr) => {
        for rows in $rows.chunks(CHUNK) {
            match $conn {
                Conn::Postgres(c) => {
                    diesel::insert_into($table).values(rows).execute(c).await?;
                }
                Conn::Sqlite(c) => {
                    for row in rows {
                        diesel::insert_into($table).values(row).execute(c).await?;
                    }
                }
            }
        }
    };
}

impl ImportPage {
    /// Writes all rows of the page or none. Returns an error if one of them has been inserted in
    /// the meantime; the import must then be repeated.
    pub(crate) async fn write(&self, conn: &mut Conn) -> QueryResult<()> {
        conn.transaction(async |conn| {
            insert_all!(conn, users::table, self.users);
            for update in &self.updates {
                update.write(conn).await?;
            }
            insert_all!(conn, accounts::table, self.accounts);
            insert_all!(conn, sessions::table, self.sessions);
            Ok(())
        })
        .await
    }
}

impl ImportUpdate {
    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.image.is_none()
            && self.email_verified.is_none()
            && self.password_hash.is_none()
    }

    async fn write(&self, conn: &mut Conn) -> QueryResult<()> {
        let changes = UserUpdate {
            name: self.name.as_deref(),
            image: self.image.as_deref(),
            email_verified: self.email_verified,
        };
        if self.name.is_some() || self.image.is_some() || self.email_verified.is_some() {
            let user =
                users::table.find(&self.user_id).filter(users::updated_at.eq(self.updated_at));
            query!(conn, |c| diesel::update(user).set(&changes).execute(c))?;
        }
        if let Some(hash) = &self.password_hash {
            let account = accounts::table
                .filter(accounts::user_id.eq(&self.user_id))
                .filter(accounts::provider_id.eq(PROVIDER_CREDENTIAL))
                .filter(accounts::password_hash.is_null());
            let filled = diesel::update(account).set(accounts::password_hash.eq(hash));
            query!(conn, |c| filled.execute(c))?;
        }
        Ok(())
    }
}
