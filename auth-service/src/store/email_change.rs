//! Changes of verified addresses, which can be undone for a limited time.

use std::time::Duration;

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::store::schema::email_changes;

#[derive(Clone, Debug, HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = email_changes)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailChange {
    /// Also the id of the e-mail that informs the old address.
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) old_email: String,
    pub(crate) created_at: DbTime,
}

impl EmailChange {
    pub(crate) async fn find(conn: &mut Conn, id: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(email_changes::id.eq(id)).first(c)).optional()
    }

    /// Records a change of a verified address. Must be called while the user is locked: the times
    /// of a user's changes must increase, even if the clocks of replicas differ, because they
    /// determine which changes are later.
    pub(crate) async fn record(mut self, conn: &mut Conn) -> QueryResult<usize> {
        let of_user = email_changes::table
            .filter(email_changes::user_id.eq(&self.user_id))
            .select(email_changes::created_at)
            .order(email_changes::created_at.desc());
        let latest: Option<DbTime> = query!(conn, |c| of_user.first(c)).optional()?;
        if let Some(latest) = latest {
            let next = latest.0 + Duration::from_micros(1);
            self.created_at.0 = self.created_at.0.max(next);
        }
        query!(conn, |c| diesel::insert_into(email_changes::table).values(&self).execute(c))
    }

    /// Returns the user's first change from this address that can still be undone.
    pub(crate) async fn find_first_from(
        conn: &mut Conn,
        (user_id, old_email): (&str, &str),
        since: DbTime,
    ) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query()
            .filter(email_changes::user_id.eq(user_id))
            .filter(email_changes::old_email.eq(old_email))
            .filter(email_changes::created_at.gt(since))
            .order(email_changes::created_at)
            .first(c))
        .optional()
    }

    /// Returns whether an address is reserved for another user, who gave it up after `since` and
    /// can still restore it. `user_id` is the user who wants the address; `None` for a new user.
    pub(crate) async fn is_reserved(
        conn: &mut Conn,
        email: &str,
        since: DbTime,
        user_id: Option<&str>,
    ) -> QueryResult<bool> {
        let of_others = email_changes::table
            .filter(email_changes::old_email.eq(email))
            .filter(email_changes::created_at.gt(since))
            .filter(email_changes::user_id.ne(user_id.unwrap_or_default()));
        query!(conn, |c| diesel::select(diesel::dsl::exists(of_others)).get_result(c))
    }

    /// Deletes this change and all later ones of its user. Deletes nothing if another request has
    /// already deleted them.
    pub(crate) async fn delete_with_later(&self, conn: &mut Conn) -> QueryResult<usize> {
        let later = email_changes::table
            .filter(email_changes::user_id.eq(&self.user_id))
            .filter(email_changes::created_at.ge(self.created_at));
        query!(conn, |c| diesel::delete(later).execute(c))
    }

    pub(crate) async fn delete_until(conn: &mut Conn, until: DbTime) -> QueryResult<usize> {
        let old = email_changes::table.filter(email_changes::created_at.le(until));
        query!(conn, |c| diesel::delete(old).execute(c))
    }
}
