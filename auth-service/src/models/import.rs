//! Users of another service, written a page at a time.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use service_kit::db::{Conn, query};

use super::{AccountRow, SessionRow, User};
use crate::schema::{accounts, sessions, users};

#[derive(Default)]
pub(crate) struct ImportPage {
    pub(crate) users: Vec<User>,
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) sessions: Vec<SessionRow>,
}

/// PostgreSQL takes many rows in one statement. Diesel writes SQLite's one by one, which costs
/// little where there is no network between, inside one transaction.
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            Conn::Postgres(c, _) => {
                diesel::insert_into($table)
                    .values($rows)
                    .on_conflict_do_nothing()
                    .execute(c)
                    .await?
            }
            Conn::Sqlite(c) => {
                let mut inserted = 0;
                for row in $rows {
                    inserted += diesel::insert_into($table)
                        .values(row)
                        .on_conflict_do_nothing()
                        .execute(*c)
                        .await?;
                }
                inserted
            }
        }
    };
}

impl ImportPage {
    /// Writes all or nothing; sessions that are here already stay as they are. How many sessions
    /// are new.
    pub(crate) async fn insert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        conn.transaction(async |conn| {
            insert_all!(conn, users::table, &self.users);
            insert_all!(conn, accounts::table, &self.accounts);
            Ok(insert_all!(conn, sessions::table, &self.sessions))
        })
        .await
    }

    /// The sessions of the page that are here already, by id.
    pub(crate) async fn known_sessions(&self, conn: &mut Conn<'_>) -> QueryResult<HashSet<String>> {
        let ids: Vec<_> = self.sessions.iter().map(|session| session.id.as_str()).collect();
        let known: Vec<String> = query!(conn, |c| sessions::table
            .filter(sessions::id.eq_any(&ids))
            .select(sessions::id)
            .load(*c))?;
        Ok(known.into_iter().collect())
    }
}

impl User {
    /// Ids and addresses of those users who have one of the ids or one of the addresses.
    pub(crate) async fn list_known(
        conn: &mut Conn<'_>,
        ids: &[&str],
        emails: &[String],
    ) -> QueryResult<Vec<(String, String)>> {
        query!(conn, |c| users::table
            .filter(users::id.eq_any(ids).or(users::email.eq_any(emails)))
            .select((users::id, users::email))
            .load(*c))
    }
}
