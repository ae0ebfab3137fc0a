//! Entries of the audit log.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::store::schema::audit_entries;

#[derive(Clone, Debug, HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = audit_entries)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditEntry {
    pub(crate) id: String,
    pub(crate) action: String,
    pub(crate) outcome: String,
    pub(crate) actor: String,
    /// The user whom the entry is about, or the pseudonym of a deleted user.
    pub(crate) user_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) ip_address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) detail: Option<String>,
    /// Number of times the action occurred, from `created_at` until `last_at`.
    pub(crate) count: i32,
    pub(crate) created_at: DbTime,
    pub(crate) last_at: DbTime,
}

/// Filter for the entries to list.
#[derive(Debug)]
pub(crate) struct WantedEntries<'a> {
    pub(crate) user_id: Option<&'a str>,
    pub(crate) since: Option<DbTime>,
    /// Empty for all actions.
    pub(crate) actions: &'a [String],
    pub(crate) limit: i64,
}

impl AuditEntry {
    pub(crate) async fn insert(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(audit_entries::table).values(self).execute(c))
    }

    /// Inserts the entry, or increments the count of the entry that has this id.
    pub(crate) async fn insert_or_count(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(audit_entries::table)
            .values(self)
            .on_conflict(audit_entries::id)
            .do_update()
            .set((
                audit_entries::count.eq(audit_entries::count + self.count),
                audit_entries::last_at.eq(self.last_at),
            ))
            .execute(c))
    }

    /// Returns the entries that match the filter, newest first.
    pub(crate) async fn list(
        conn: &mut Conn,
        wanted: &WantedEntries<'_>,
    ) -> QueryResult<Vec<Self>> {
        query!(conn, |c| {
            let mut entries = Self::query().into_boxed();
            if let Some(user_id) = wanted.user_id {
                entries = entries.filter(audit_entries::user_id.eq(user_id));
            }
            if let Some(since) = wanted.since {
                entries = entries.filter(audit_entries::last_at.ge(since));
            }
            if !wanted.actions.is_empty() {
                entries = entries.filter(audit_entries::action.eq_any(wanted.actions));
            }
            entries
                .order((audit_entries::created_at.desc(), audit_entries::id.desc()))
                .limit(wanted.limit)
                .load(c)
        })
    }

    /// In all entries about a user, replaces the user's id with a pseudonym, and removes the
    /// session id, the IP address and the user agent.
    pub(crate) async fn pseudonymize(
        conn: &mut Conn,
        user_id: &str,
        pseudonym: &str,
    ) -> QueryResult<usize> {
        let entries = audit_entries::table.filter(audit_entries::user_id.eq(user_id));
        let pseudonymized = diesel::update(entries).set((
            audit_entries::user_id.eq(pseudonym),
            audit_entries::session_id.eq(None::<String>),
            audit_entries::ip_address.eq(None::<String>),
            audit_entries::user_agent.eq(None::<String>),
        ));
        query!(conn, |c| pseudonymized.execute(c))
    }

    /// Deletes the entries created up to this time. If there are more than `limit`, deletes about
    /// that many, oldest first.
    pub(crate) async fn delete_until(
        conn: &mut Conn,
        until: DbTime,
        limit: i64,
    ) -> QueryResult<usize> {
        let next: Option<DbTime> = query!(conn, |c| audit_entries::table
            .filter(audit_entries::created_at.le(until))
            .order(audit_entries::created_at)
            .select(audit_entries::created_at)
            .offset(limit)
            .first(c))
        .optional()?;
        let until = next.unwrap_or(until);
        let old = audit_entries::table.filter(audit_entries::created_at.le(until));
        query!(conn, |c| diesel::delete(old).execute(c))
    }
}
